#pragma once
// What of a match can only be asked of the command in hand: its text, its bound values, the time.

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "sidecar/policy/parameter.h"
#include "sidecar/policy/regex.h"

namespace chaperone::policy {

struct TimeWindow {
  std::uint8_t weekdays = 0x7f;              // bit 0 is Monday
  std::vector<std::pair<int, int>> minutes;  // [from, to) of the day; from > to passes midnight
  int offset_min = 0;                        // the zone, east of UTC
};
bool inside(const TimeWindow& window, std::int64_t now_s);

// All that is written must hold; of `texts` one.
struct Guard {
  Reading reading = Reading::kBroad;
  std::vector<Regex> texts;
  std::vector<ParameterTest> parameters;
  std::optional<TimeWindow> time;
};
bool holds(const Guard& guard, const Command& command, std::int64_t now_s);

}  // namespace chaperone::policy
