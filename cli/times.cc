#include "cli/times.h"

#include <fmt/format.h>
#include <charconv>
#include <ctime>

namespace chaperone::cli {

namespace {
constexpr std::int64_t kDayS = 86'400;

std::int64_t unit_s(char unit) {
  switch (unit) {
    case 's':
      return 1;
    case 'm':
      return 60;
    case 'h':
      return 3600;
    case 'd':
      return kDayS;
    case 'w':
      return 7 * kDayS;
    default:
      return 0;
  }
}

std::string ns_text(std::int64_t seconds) { return std::to_string(seconds) + "000000000"; }
}  // namespace

Result<std::string> time_parameter(std::string_view text, std::int64_t now_s) {
  if (text.empty()) return std::string();
  if (text == "now") return ns_text(now_s);
  if (text == "today") return ns_text(now_s / kDayS * kDayS);
  std::int64_t count = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  bool ago = error == std::errc() && count >= 0 && count < 1'000'000 &&
             end + 1 == text.data() + text.size() && unit_s(text.back()) != 0;
  if (ago) return ns_text(now_s - count * unit_s(text.back()));
  std::string whole(text);
  if (text.size() == 10) whole += "T00:00:00Z";
  if (text.size() == 16) whole += ":00Z";
  std::tm parts{};
  const char* rest = ::strptime(whole.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (rest && text.size() > 16) return whole;  // the collector reads fractions and zones
  if (rest && std::string_view(rest) == "Z") return ns_text(::timegm(&parts));
  return Error{"\"" + std::string(text) +
               "\" is no time; give 15m, 2h, 7d (ago), today, 2026-01-31, "
               "2026-01-31T12:00 (UTC) or RFC 3339"};
}

std::string short_time(std::string_view rfc3339) {
  if (rfc3339.size() < 19) return std::string(rfc3339);
  return std::string(rfc3339.substr(5, 5)) + " " + std::string(rfc3339.substr(11, 8));
}

std::string short_duration(std::int64_t ns) {
  auto value = static_cast<double>(ns);
  if (ns < 1'000'000) return fmt::format("{:.0f} us", value / 1e3);
  if (ns < 1'000'000'000) return fmt::format("{:.1f} ms", value / 1e6);
  return fmt::format("{:.1f} s", value / 1e9);
}

}  // namespace chaperone::cli
