#pragma once
// Messages for tests, with the length that the body has (or another, for wrong ones).

#include <cstdint>
#include <string>

namespace chaperone::pg {

inline std::string head(char type, std::uint32_t length) {
  std::string out(1, type);
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(length >> shift));
  return out;
}

inline std::string framed(char type, const std::string& body) {
  return head(type, static_cast<std::uint32_t>(body.size() + 4)) + body;
}

}  // namespace chaperone::pg
