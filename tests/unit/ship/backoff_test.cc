#include "sidecar/ship/backoff.h"

#include <catch2/catch.hpp>  // last: its CHECK is the test's

using namespace chaperone::ship;

TEST_CASE("the wait doubles, is capped, and is drawn between half and whole") {
  CHECK(backoff_ms(1, kBackoffMaxMs, 0) == kBackoffMinMs / 2);
  for (std::uint64_t errors : {1u, 2u, 5u, 9u, 100u}) {
    std::uint64_t whole = std::min<std::uint64_t>(
        kBackoffMaxMs, std::uint64_t{kBackoffMinMs} << std::min<std::uint64_t>(errors - 1, 16));
    for (std::uint64_t random : {0ull, 1ull, 12345ull, ~0ull}) {
      std::uint32_t wait = backoff_ms(errors, kBackoffMaxMs, random);
      CHECK(wait >= whole / 2);
      CHECK(wait <= whole);
    }
  }
  CHECK(backoff_ms(1'000'000'000, kBackoffDrainMs, ~0ull) <= kBackoffDrainMs);
  CHECK(backoff_ms(0, kBackoffMaxMs, 7) >= kBackoffMinMs / 2);
}
