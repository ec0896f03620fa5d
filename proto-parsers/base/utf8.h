#pragma once
// Well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms).

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace chaperone {

// Where the first byte stands that belongs to no character; the text's size where there is none.
inline std::size_t utf8_prefix(std::string_view text) {
  static constexpr std::uint32_t kLeast[] = {0, 0x80, 0x800, 0x10000};
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t begin = i;
    auto lead = static_cast<std::uint8_t>(text[i++]);
    if (lead < 0x80) continue;
    int more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
    if (lead < 0xC2 || lead > 0xF4) return begin;
    std::uint32_t code = lead & (0x3Fu >> more);
    for (int k = 0; k < more; ++k, ++i) {
      if (i >= text.size() || (static_cast<std::uint8_t>(text[i]) & 0xC0) != 0x80) return begin;
      code = code << 6 | (static_cast<std::uint8_t>(text[i]) & 0x3Fu);
    }
    if (code < kLeast[more] || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return begin;
  }
  return text.size();
}

inline bool is_utf8(std::string_view text) { return utf8_prefix(text) == text.size(); }

}  // namespace chaperone
