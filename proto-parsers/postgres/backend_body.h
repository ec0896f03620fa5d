#pragma once
// The bodies of backend messages, one function for each layout. For BackendParser alone.

#include "proto-parsers/postgres/backend.h"

namespace chaperone::pg {

// Sets the fields of `message` from its type and body. The answer is null, or the rule that was
// broken, in the words of ParseError.
const char* read_backend_body(BackendMessage& message);

}  // namespace chaperone::pg
