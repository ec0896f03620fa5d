#pragma once
// An IP address and port (value). IPv4 inside IPv6 (::ffff:a.b.c.d) becomes plain IPv4 on the way
// in, so that one target has one spelling.

#include <netinet/in.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "proto-parsers/base/result.h"

struct sockaddr;

namespace chaperone::net {

class Address {
 public:
  // No address: family() is AF_UNSPEC.
  Address();
  static Address from(const sockaddr* raw);
  // An IP address in its usual spelling, without brackets; no name is looked up.
  static Result<Address> parse(std::string_view ip, std::uint16_t port);

  int family() const { return raw_.any.sa_family; }
  bool known() const { return family() != AF_UNSPEC; }
  bool v4() const { return family() == AF_INET; }
  std::uint16_t port() const;
  bool loopback() const;
  // IPv4 as ::ffff:a.b.c.d, network order: for comparison with policy ranges.
  std::array<std::uint8_t, 16> bytes() const;

  std::string ip() const;         // "10.0.0.5", "fd00::5"
  std::string to_string() const;  // "10.0.0.5:5432", "[fd00::5]:5432", "unknown address"

  const sockaddr* raw() const { return &raw_.any; }
  socklen_t raw_bytes() const;

  bool operator==(const Address& other) const;

 private:
  union {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6;
  } raw_;
};

}  // namespace chaperone::net
