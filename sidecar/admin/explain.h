#pragma once
// `chaperone-sidecar explain`: what a running sidecar answers, as tables for people or as JSON.

#include <string>

#include "proto-parsers/base/result.h"

namespace chaperone::admin {

// Any JSON answer as text for people: an object becomes "name  value" lines, an array of objects a
// table whose columns are the members of the first ones, in order; nesting indents.
// Control characters of values are shown escaped: an agent's statement must not steer a terminal.
Result<std::string> as_tables(const std::string& json);

// Asks, prints to stdout (errors to stderr) and gives the process's exit code: 0, or 1.
int explain(const std::string& socket_path, const std::string& command,
            const std::string& arguments, bool json);

}  // namespace chaperone::admin
