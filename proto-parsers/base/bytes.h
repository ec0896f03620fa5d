#pragma once
// Borrowed bytes. A Bytes never owns: it is valid as long as the buffer it was cut from, and every
// header that returns one says until when.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace chaperone {

using Bytes = std::span<const std::uint8_t>;

inline std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline Bytes as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace chaperone
