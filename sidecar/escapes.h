#pragma once
// The kernel rules' escape counters, as `chaperone-init --counters` leaves them in a file: the
// sidecar has no capability to read them itself (docs/capture.md).

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "proto-parsers/base/result.h"

namespace chaperone {

struct Escapes {
  bool configured = false, readable = false;
  std::int64_t wall_s = 0;                         // when they were read
  std::map<std::string, std::uint64_t> counters;  // packets that no rule let out, by counter
};

// Strict: what is not in the file's form is no count.
Result<Escapes> parse_escapes(std::string_view text);
// `path` empty: not configured.
Escapes read_escapes(const std::string& path);

}  // namespace chaperone
