#pragma once
// The commands. Each prints to standard output and gives the exit code; an error is returned, and
// printed by main.

#include "cli/arguments.h"
#include "proto-parsers/base/result.h"

namespace chaperone::cli {

Result<int> sessions(const Arguments& arguments);
Result<int> show(const Arguments& arguments);
Result<int> search(const Arguments& arguments);
Result<int> tail(const Arguments& arguments);
Result<int> alarms(const Arguments& arguments);
Result<int> writers(const Arguments& arguments);
Result<int> fleet(const Arguments& arguments);
Result<int> accesses(const Arguments& arguments);
Result<int> export_trail(const Arguments& arguments);
Result<int> verify(const Arguments& arguments);
Result<int> policy(const Arguments& arguments);

}  // namespace chaperone::cli
