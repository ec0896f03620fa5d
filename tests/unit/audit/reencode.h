#pragma once
// The decoder's mirror: what a decoded record says, encoded again. Where that differs from the
// bytes it came from, the decoder has accepted a second spelling.

#include <cstdint>
#include <vector>

#include "audit/decoded.h"

namespace chaperone::audit {

std::vector<std::uint8_t> reencode(const DecodedRecord& record);

}  // namespace chaperone::audit
