#pragma once
// A sidecar's spool folder as an export in memory, for the one verifier. The folder is only read; a
// running sidecar's may be.

#include <string>

#include "proto-parsers/base/result.h"

namespace chaperone::cli {

// A damaged entry becomes a damaged frame, so that the verifier names the record.
Result<std::string> spool_as_export(const std::string& dir);

}  // namespace chaperone::cli
