#include "sidecar/policy/reserved.h"

#include <algorithm>

namespace chaperone::policy {

namespace {

using AddressBytes = std::array<std::uint8_t, 16>;

struct Range {
  AddressBytes address;
  int prefix;
  Reserved reserved;
};

constexpr AddressBytes v4(std::uint8_t a, std::uint8_t b = 0, std::uint8_t c = 0,
                          std::uint8_t d = 0) {
  return {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d};
}
constexpr AddressBytes v6(std::uint16_t a, std::uint16_t b = 0, std::uint16_t c = 0) {
  const auto high = [](std::uint16_t w) { return static_cast<std::uint8_t>(w >> 8); };
  const auto low = [](std::uint16_t w) { return static_cast<std::uint8_t>(w & 0xff); };
  return {high(a), low(a), high(b), low(b), high(c), low(c), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
}

// The first that fits speaks. Prefixes of IPv4 count from the start of the mapped form.
constexpr Range kRanges[] = {
    {v4(0), 96 + 8, Reserved::kNever},             // this network
    {v4(127), 96 + 8, Reserved::kNever},           // loopback
    {v4(169, 254), 96 + 16, Reserved::kNever},     // link-local: metadata, node-local DNS
    {v4(192, 0, 0), 96 + 24, Reserved::kNever},    // IETF assignments (Oracle's metadata too)
    {v4(224), 96 + 4, Reserved::kNever},           // multicast
    {v4(240), 96 + 4, Reserved::kNever},           // reserved, broadcast
    {v4(100, 100, 100, 200), 128, Reserved::kNever},  // Alibaba's metadata service
    {v4(168, 63, 129, 16), 128, Reserved::kNever},    // Azure's wire server, DNS and metadata proxy
    {v4(10), 96 + 8, Reserved::kPrivate},
    {v4(100, 64), 96 + 10, Reserved::kPrivate},    // carrier NAT: pods of some clouds
    {v4(172, 16), 96 + 12, Reserved::kPrivate},
    {v4(192, 168), 96 + 16, Reserved::kPrivate},
    {v4(198, 18), 96 + 15, Reserved::kPrivate},    // benchmarks
    {v4(0), 96, Reserved::kNo},                    // any other IPv4
    {v6(0x64, 0xff9b), 32, Reserved::kNever},      // NAT64 (both prefixes): an IPv4 inside
    {v6(0x2002), 16, Reserved::kNever},            // 6to4: likewise
    {v6(0x2001), 32, Reserved::kNever},            // Teredo: likewise
    {v6(0xfd00, 0x0ec2), 32, Reserved::kNever},    // AWS's metadata service
    {v6(0xfd20, 0x00ce), 32, Reserved::kNever},    // Google's
    {v6(0xfd00, 0x00c1), 32, Reserved::kNever},    // Oracle's
    {v6(0xfd00, 0x0042), 32, Reserved::kNever},    // Scaleway's
    {v6(0xfe80), 10, Reserved::kNever},            // link-local
    {v6(0xfec0), 10, Reserved::kNever},            // site-local, deprecated
    {v6(0xff00), 8, Reserved::kNever},             // multicast
    {v6(0xfc00), 7, Reserved::kPrivate},           // unique local
    {v6(0), 8, Reserved::kNever},                  // unspecified, loopback, IPv4-compatible
};

bool in(const Range& range, const AddressBytes& address) {
  const int whole = range.prefix / 8, rest = range.prefix % 8;
  if (!std::equal(address.begin(), address.begin() + whole, range.address.begin())) return false;
  if (rest == 0) return true;
  const auto byte = static_cast<std::size_t>(whole);
  return ((address[byte] ^ range.address[byte]) >> (8 - rest)) == 0;
}

}  // namespace

Reserved reserved_of(const AddressBytes& address) {
  for (const Range& range : kRanges) {
    if (in(range, address)) return range.reserved;
  }
  return Reserved::kNo;
}

}  // namespace chaperone::policy
