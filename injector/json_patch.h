#pragma once
// RFC 6902: the operations that make one document of another. Small rather than minimal in theory:
// elements of lists are matched by "mountPath" or "name" where all have one, so that a container put
// in front is one operation and not a rewriting of all.

#include <string>

#include "injector/json.h"

namespace chaperone::injector {

// A JSON array, "[]" where the documents are equal.
std::string json_patch(const Json& before, const Json& after);

}  // namespace chaperone::injector
