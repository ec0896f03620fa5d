#include "sidecar/policy/glob.h"

#include <vector>

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

// Row by row: reach[j] says whether the first i characters of one pattern and the first j of the
// other can stand for the same beginning.
bool Glob::meets(const Glob& other) const {
  const std::string &a = pattern_, &b = other.pattern_;
  std::vector<bool> reach(b.size() + 1, false);
  reach[0] = true;
  for (std::size_t j = 0; j < b.size() && b[j] == '*'; ++j) reach[j + 1] = true;
  for (char c : a) {
    std::vector<bool> next(b.size() + 1, false);
    next[0] = c == '*' && reach[0];
    for (std::size_t j = 1; j <= b.size(); ++j) {
      char d = b[j - 1];
      if (c == '*' || d == '*') {
        next[j] = reach[j] || next[j - 1];
      } else {
        next[j] = reach[j - 1] && (c == d || c == '?' || d == '?');
      }
    }
    reach = std::move(next);
  }
  return reach[b.size()];
}

}  // namespace chaperone::policy
