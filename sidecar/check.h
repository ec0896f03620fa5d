#pragma once
// What --check looks at behind the configuration itself: the files that it and the policy name.

#include "proto-parsers/base/result.h"
#include "sidecar/config/sidecar_config.h"

namespace chaperone {

// The error holds every finding, one to a line, each with the file and the key that names it.
Result<void> check_named_files(const config::SidecarConfig& config);

}  // namespace chaperone
