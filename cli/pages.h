#pragma once
// Page after page of a list, up to a number of items.

#include <functional>
#include <string>

#include "cli/client.h"
#include "cli/view.h"

namespace chaperone::cli {

inline constexpr std::int64_t kPageItems = 200;

// Calls `take` for each item of the array `name`.
Result<void> for_each(Client& client, const std::string& path, Parameters parameters,
                      const char* name, std::int64_t limit,
                      const std::function<void(const Json&)>& take);

}  // namespace chaperone::cli
