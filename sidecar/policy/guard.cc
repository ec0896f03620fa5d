#include "sidecar/policy/guard.h"

#include <algorithm>

namespace chaperone::policy {
namespace {

constexpr std::int64_t kDayS = 24 * 3600;

bool holds_minute(const std::pair<int, int>& range, int minute) {
  auto [from, to] = range;
  if (from <= to) return minute >= from && minute < to;
  return minute >= from || minute < to;
}

}  // namespace

bool inside(const TimeWindow& window, std::int64_t now_s) {
  std::int64_t local_s = now_s + window.offset_min * 60;
  std::int64_t day = local_s / kDayS, second = local_s % kDayS;
  if (second < 0) {
    --day;
    second += kDayS;
  }
  auto weekday = static_cast<int>(((day + 3) % 7 + 7) % 7);  // 1970-01-01 was a Thursday
  const auto on_day = [&](int which) { return (window.weekdays >> which & 1) != 0; };
  if (window.minutes.empty()) return on_day(weekday);
  auto minute = static_cast<int>(second / 60);
  return std::any_of(window.minutes.begin(), window.minutes.end(), [&](const auto& range) {
    // The hours past midnight belong to the day on which they began.
    const bool past_midnight = range.first > range.second && minute < range.second;
    return holds_minute(range, minute) && on_day(past_midnight ? (weekday + 6) % 7 : weekday);
  });
}

bool holds(const Guard& guard, const Command& command, std::int64_t now_s) {
  if (guard.time && !inside(*guard.time, now_s)) return false;
  auto holds_here = [&](const ParameterTest& test) {
    return holds(test, command.parameters, guard.reading);
  };
  if (!std::all_of(guard.parameters.begin(), guard.parameters.end(), holds_here)) return false;
  return guard.texts.empty() ||
         std::any_of(guard.texts.begin(), guard.texts.end(),
                     [&](const Regex& regex) { return regex.found_in(command.text); });
}

}  // namespace chaperone::policy
