#pragma once
// Times as people give and read them.

#include <cstdint>
#include <string>
#include <string_view>

#include "proto-parsers/base/result.h"

namespace chaperone::cli {

// "15m", "2h", "7d" (that long ago), "today", "2026-01-31", "2026-01-31T12:00" (UTC) or RFC 3339,
// as what the collector takes: nanoseconds since 1970. Empty stays empty.
Result<std::string> time_parameter(std::string_view text, std::int64_t now_s);

// "2026-01-31T12:00:00.123456789Z" as "01-31 12:00:00" (UTC).
std::string short_time(std::string_view rfc3339);
// 1234567 as "1.2 ms".
std::string short_duration(std::int64_t ns);

}  // namespace chaperone::cli
