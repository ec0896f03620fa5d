#pragma once
// How deeply untrusted JSON nests, told before a library reads it: parsing, copying and writing out
// take stack for each level.

#include <cstddef>
#include <string_view>

namespace chaperone {

// Whether brackets outside strings nest at most `levels` deep. Says nothing else of the text: what
// is no JSON is for its parser to refuse.
inline bool json_nests_within(std::string_view json, std::size_t levels) {
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    char c = json[i];
    if (in_string && c == '\\') {
      ++i;
    } else if (c == '"') {
      in_string = !in_string;
    } else if (!in_string && (c == '{' || c == '[')) {
      if (++depth > levels) return false;
    } else if (!in_string && (c == '}' || c == ']') && depth > 0) {
      --depth;
    }
  }
  return true;
}

}  // namespace chaperone
