#pragma once
// Rulesets are written as they will be read, with $name where a parameter goes.

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace chaperone::capture {

struct Filling {
  std::string_view name;  // letters, digits and '_'
  std::string value;
};

// `text` with each $name replaced. REQUIRES: every name in the text is given.
std::string fill(std::string_view text, const std::vector<Filling>& fillings);

// "a, b, c"
std::string join(const std::vector<std::string>& words, std::string_view separator);

}  // namespace chaperone::capture
