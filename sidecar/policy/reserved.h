#pragma once
// Addresses that a public name has no business answering with (IANA special-purpose registries,
// RFC 6890): behind them stand the node, the cluster, the metadata service.

#include <array>
#include <cstdint>

namespace chaperone::policy {

enum class Reserved : std::uint8_t {
  kNo,
  kPrivate,  // a network of somebody's own: pods, services, nodes
  kNever,    // loopback, link-local (metadata services), multicast, unspecified, mapped and translated
};
// IPv4 as ::ffff:a.b.c.d, network order.
Reserved reserved_of(const std::array<std::uint8_t, 16>& address);

}  // namespace chaperone::policy
