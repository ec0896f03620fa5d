#pragma once
// How long to wait after the n-th error in a row: doubling, capped, drawn between half and whole so
// that a fleet does not come back in step.

#include <algorithm>
#include <cstdint>

#include "sidecar/ship/limits.h"

namespace chaperone::ship {

// `random` is any random number; `errors` counts from 1.
inline std::uint32_t backoff_ms(std::uint64_t errors, std::uint32_t cap_ms, std::uint64_t random) {
  std::uint64_t doublings = std::min<std::uint64_t>(errors > 0 ? errors - 1 : 0, 16);
  auto whole = static_cast<std::uint32_t>(
      std::min<std::uint64_t>(cap_ms, std::uint64_t{kBackoffMinMs} << doublings));
  std::uint32_t half = whole / 2;
  return half + static_cast<std::uint32_t>(random % (whole - half + 1));
}

}  // namespace chaperone::ship
