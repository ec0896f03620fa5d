#include "sidecar/policy/glob.h"

namespace chaperone::policy {

// Only the last '*' is ever gone back to: if the part behind an earlier one could be placed later,
// placing it early loses nothing.
bool Glob::matches(std::string_view name) const {
  std::string_view pattern = pattern_;
  std::size_t p = 0, n = 0;
  std::size_t star = std::string_view::npos, star_name = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_name = n;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == name[n])) {
      ++p;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++star_name;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace chaperone::policy
