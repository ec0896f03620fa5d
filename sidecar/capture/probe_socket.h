#pragma once
// The sockets of the self-test: one step each, every wait bounded.

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <string>

#include "proto-parsers/base/result.h"
#include "sidecar/capture/parameters.h"
#include "sidecar/capture/socket_handle.h"

namespace chaperone::capture {

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

// REQUIRES: `host` is numeric and of the family.
Address make_address(Family family, const char* host, std::uint16_t port);
std::string to_text(const Address& address);

// A socket of `type` bound to the family's loopback address; a stream socket listens.
Result<SocketHandle> bind_loopback(Family family, int type, std::uint16_t port);

// How a dial or a datagram fared: 0, or the errno; ETIMEDOUT after kSelfTestDialTimeoutMs.
struct Attempt {
  SocketHandle socket;
  int error = 0;
};
Attempt dial(const Address& to);
Attempt send_datagram(const Address& to, const std::string& payload);

// A datagram of any protocol that is expected to be refused. IPv6 ping sockets hear of it only
// afterwards, so that an error is waited for.
Attempt send_expecting_refusal(const Address& to, const std::string& payload, int protocol);

// Accepts one connection and returns where its client meant to go (SO_ORIGINAL_DST); sends `token`.
Result<std::string> accept_and_answer(Family family, const SocketHandle& listener,
                                      const std::string& token);

// What arrives next on a socket, up to `size` bytes; empty after the deadline.
std::string receive(const SocketHandle& socket, std::size_t size);

// Whether the kernel knows a way to the address: EADDRNOTAVAIL (an IPv6 address still being
// checked) is waited out.
bool has_route(const Address& to);

}  // namespace chaperone::capture
