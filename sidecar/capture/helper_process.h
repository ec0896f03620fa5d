#pragma once
// Runs an iptables tool to its end.

#include <string>
#include <string_view>
#include <vector>

#include "proto-parsers/base/result.h"

namespace chaperone::capture {

struct HelperOutcome {
  int exit_code = 0;  // 128 + n after signal n
  std::string out;
  std::string err;
};

// Executes `path` with `input` on standard input and an environment of our own making. An Error
// means that it could not run, did not end within kHelperTimeoutMs, or said too much.
Result<HelperOutcome> run_helper(const std::string& path, const std::vector<std::string>& arguments,
                                 std::string_view input);

// The first of `names` to be found in the system's folders; the environment is not asked, since
// this program may run with more rights than whoever set it. Empty: none.
std::string find_helper(const std::vector<std::string>& names);

}  // namespace chaperone::capture
