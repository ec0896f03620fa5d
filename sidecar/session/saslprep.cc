#include "sidecar/session/saslprep.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string>

namespace chaperone {

namespace {

struct Range {
  char32_t first;
  char32_t last;
};

// RFC 3454 table C.1.2: non-ASCII spaces.
constexpr Range kSpaces[] = {{0xa0, 0xa0},     {0x1680, 0x1680}, {0x2000, 0x200b},
                             {0x202f, 0x202f}, {0x205f, 0x205f}, {0x3000, 0x3000}};
// RFC 3454 table B.1: commonly mapped to nothing.
constexpr Range kNothing[] = {{0xad, 0xad},     {0x34f, 0x34f},   {0x1806, 0x1806},
                              {0x180b, 0x180d}, {0x200c, 0x200d}, {0x2060, 0x2060},
                              {0xfe00, 0xfe0f}, {0xfeff, 0xfeff}};

template <std::size_t n>
bool within(const Range (&ranges)[n], char32_t c) {
  return std::any_of(std::begin(ranges), std::end(ranges),
                     [c](Range range) { return range.first <= c && c <= range.last; });
}

// How many bytes the character at the front has; 0 where it is not UTF-8 (RFC 3629).
std::size_t take_character(std::string_view text, char32_t& c) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t lead = byte(0);
  if (lead < 0x80) {
    c = lead;
    return 1;
  }
  const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < size) return 0;
  c = lead & (0xff >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
    c = c << 6 | (byte(i) & 0x3f);
  }
  const char32_t least = size == 4 ? 0x10000 : size == 3 ? 0x800 : 0x80;
  const bool surrogate = c >= 0xd800 && c <= 0xdfff;
  return c < least || c > 0x10ffff || surrogate ? 0 : size;
}

}  // namespace

Secret saslprep(std::string_view password) {
  // Never longer than what came in: one allocation, wiped below.
  std::string out;
  out.reserve(password.size());
  bool valid = true;
  for (std::size_t i = 0; valid && i < password.size();) {
    char32_t c = 0;
    const std::size_t size = take_character(password.substr(i), c);
    valid = size > 0;
    if (within(kSpaces, c)) {
      out.push_back(' ');
    } else if (!within(kNothing, c)) {
      out.append(password.substr(i, size));
    }
    i += size;
  }
  Secret prepared(valid && !out.empty() ? std::string_view(out) : password);
  wipe_bytes(out.data(), out.size());
  return prepared;
}

}  // namespace chaperone
