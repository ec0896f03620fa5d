#pragma once
// Letters of ASCII without regard to case, whatever the locale; all other bytes stand for themselves.

#include <algorithm>
#include <string_view>

namespace chaperone {

inline char ascii_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

inline bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return ascii_lower(x) == ascii_lower(y); });
}

}  // namespace chaperone
