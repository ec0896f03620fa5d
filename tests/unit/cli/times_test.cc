#include "cli/times.h"

#include <catch2/catch.hpp>  // last: its CHECK is the test's

using namespace chaperone::cli;

TEST_CASE("times as people give them") {
  constexpr std::int64_t kNow = 1'700'000'000;  // 2023-11-14T22:13:20Z
  CHECK(*time_parameter("", kNow) == "");
  CHECK(*time_parameter("now", kNow) == "1700000000000000000");
  CHECK(*time_parameter("15m", kNow) == "1699999100000000000");
  CHECK(*time_parameter("7d", kNow) == "1699395200000000000");
  CHECK(*time_parameter("today", kNow) == "1699920000000000000");
  CHECK(*time_parameter("2023-11-14", kNow) == "1699920000000000000");
  CHECK(*time_parameter("2023-11-14T12:00", kNow) == "1699963200000000000");
  CHECK(*time_parameter("2023-11-14T12:00:00.5+02:00", kNow) == "2023-11-14T12:00:00.5+02:00");
  for (const char* text :
       {"soon", "15", "m", "-5m", "15x", "2023-13-40", "2023-11-14 noon", "5 m"}) {
    INFO(text);
    CHECK(!time_parameter(text, kNow).ok());
  }
}

TEST_CASE("times and durations as people read them") {
  CHECK(short_time("2023-11-14T22:13:20.123456789Z") == "11-14 22:13:20");
  CHECK(short_time("?") == "?");
  CHECK(short_duration(250'000) == "250 us");
  CHECK(short_duration(1'250'000) == "1.2 ms");
  CHECK(short_duration(61'000'000'000) == "61.0 s");
}
