#pragma once
// The frame that both directions share: type byte, then a length that counts itself and the body.

#include <cstdint>

#include "proto-parsers/base/bytes.h"

namespace chaperone::pg {

inline constexpr std::size_t kHeadBytes = 5;
inline constexpr std::size_t kLengthBytes = 4;

// REQUIRES: head.size() >= kHeadBytes.
inline std::size_t length_word(Bytes head) {
  // By index, not by a reader: this is the one thing done for each row of a result.
  return std::size_t{head[1]} << 24 | std::size_t{head[2]} << 16 | std::size_t{head[3]} << 8 |
         head[4];
}

}  // namespace chaperone::pg
