#pragma once
// The head of an HTTP/1.1 answer (RFC 9112), read strictly: what we do not expect of our collector
// is an error and not an interpretation. No chunked bodies, no folded lines, no bare line feeds.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "proto-parsers/base/result.h"
#include "sidecar/ship/limits.h"

namespace chaperone::ship {

struct Head {
  int status = 0;
  std::size_t body_bytes = 0;  // Content-Length, which must be there
  bool closes = false;         // Connection: close
  // The collector's own headers; absent ones are 0 or empty.
  std::uint64_t acknowledged = 0;
  std::uint64_t expected = 0;
  std::string error;
};

// Where the head ends (behind the empty line), if it is whole.
std::optional<std::size_t> head_end(std::string_view received);
// `head` is everything up to head_end().
Result<Head> parse_head(std::string_view head);

}  // namespace chaperone::ship
