#pragma once
// From a policy file to a Policy, or to every finding of the file at once. docs/policy.md is the
// reference of what is read here.

#include <memory>
#include <string>
#include <string_view>

#include "proto-parsers/base/result.h"
#include "sidecar/policy/policy.h"

namespace chaperone::policy {

// The error holds one finding per line, "file:line:column: ...". `file` only names the text. Files
// that the policy names (CA, credentials) are not opened: they may come and go.
Result<std::shared_ptr<const Policy>> parse_policy(std::string_view text, const std::string& file);
Result<std::shared_ptr<const Policy>> load_policy(const std::string& path);

}  // namespace chaperone::policy
