#pragma once
// Where the collector is: "https://host[:port]", host a name, an IPv4 or a bracketed IPv6 address.

#include <string>
#include <string_view>

#include "proto-parsers/base/result.h"

namespace chaperone::ship {

struct Place {
  std::string host;    // without brackets
  std::string port;    // default 8443
  std::string header;  // for the Host header
};
Result<Place> parse_place(std::string_view url);

}  // namespace chaperone::ship
