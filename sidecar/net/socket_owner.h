#pragma once
// Which user of this pod owns the other end of a connection: the agent's container, by its UID.
// Asked of the kernel by the exact four-tuple (NETLINK_SOCK_DIAG), some 10 us, no privilege.

#include <cstdint>
#include <optional>

#include "sidecar/net/address.h"

namespace chaperone::net {

class SocketOwners {
 public:
  // One netlink socket, kept. Where the kernel lacks sock_diag every answer is nullopt.
  SocketOwners();
  ~SocketOwners();
  SocketOwners(const SocketOwners&) = delete;
  SocketOwners& operator=(const SocketOwners&) = delete;

  // The UID of the socket that is bound to `local` and connected to `remote`, both as its owner
  // sees them: for a redirected client `local` is Stream::peer() and `remote` the original
  // destination. nullopt: none, or its process has already closed it.
  std::optional<std::uint32_t> uid_of(const Address& local, const Address& remote);

 private:
  int fd_ = -1;
  std::uint32_t sequence_ = 0;
};

}  // namespace chaperone::net
