#pragma once
// The frame that both directions share: type byte, then a length that counts itself and the body.

#include <cstdint>

#include "proto-parsers/base/byte_reader.h"
#include "proto-parsers/base/bytes.h"

namespace chaperone::pg {

inline constexpr std::size_t kHeadBytes = 5;
inline constexpr std::size_t kLengthBytes = 4;

// REQUIRES: head.size() >= kHeadBytes.
inline std::size_t length_word(Bytes head) {
  return ByteReader(head.subspan(1, kLengthBytes)).take_u32();
}

}  // namespace chaperone::pg
