#pragma once
// Bytes as text: hexadecimal and base64 (RFC 4648, with padding), strict in both directions: one
// text for one value, anything else is refused.

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto-parsers/base/bytes.h"

namespace chaperone::audit {

std::string hex(Bytes bytes);                                              // lower case
std::optional<std::vector<std::uint8_t>> from_hex(std::string_view text);  // lower case only
std::string base64(Bytes bytes);
std::optional<std::vector<std::uint8_t>> from_base64(std::string_view text);

// from_hex into a fixed size ("Hash", "Id", "PublicKey"); false if the length differs.
template <class Array>
bool from_hex(std::string_view text, Array& out) {
  auto bytes = from_hex(text);
  if (!bytes || bytes->size() != out.size()) return false;
  std::copy(bytes->begin(), bytes->end(), out.begin());
  return true;
}

// The longest prefix of at most `bytes_max` bytes that does not cut a UTF-8 character.
std::string_view cut_utf8(std::string_view text, std::size_t bytes_max);

}  // namespace chaperone::audit
