#include "sidecar/capture/probe_socket.h"

#include <arpa/inet.h>
#include <poll.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "proto-parsers/base/check.h"
#include "sidecar/capture/limits.h"

namespace chaperone::capture {
namespace {

constexpr int kOriginalDst = 80;  // SO_ORIGINAL_DST and IP6T_SO_ORIGINAL_DST
constexpr int kRouteRetryMs = 50;

int domain(Family family) { return family == Family::V4 ? AF_INET : AF_INET6; }

bool ready(int fd, short events) {
  pollfd one{fd, events, 0};
  int count;
  while ((count = poll(&one, 1, kSelfTestDialTimeoutMs)) < 0 && errno == EINTR) {
  }
  return count > 0;
}

Attempt open_datagram(const Address& to, int protocol) {
  Attempt attempt{SocketHandle(
      ::socket(to.storage.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol))};
  if (!attempt.socket) attempt.error = errno;
  return attempt;
}

void send_to(Attempt& attempt, const Address& to, const std::string& payload) {
  if (attempt.error != 0) return;
  int fd = attempt.socket.fd();
  if (connect(fd, to.get(), to.size) != 0 || send(fd, payload.data(), payload.size(), 0) < 0) {
    attempt.error = errno;
  }
}

Error failure(const std::string& what) { return Error{what + ": " + std::strerror(errno)}; }

}  // namespace

Address make_address(Family family, const char* host, std::uint16_t port) {
  Address address;
  if (family == Family::V4) {
    auto* v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    CHECK(inet_pton(AF_INET, host, &v4->sin_addr) == 1);
    address.size = sizeof *v4;
  } else {
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    CHECK(inet_pton(AF_INET6, host, &v6->sin6_addr) == 1);
    address.size = sizeof *v6;
  }
  return address;
}

std::string to_text(const Address& address) {
  std::array<char, INET6_ADDRSTRLEN> host{};
  if (address.storage.ss_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(&address.storage);
    inet_ntop(AF_INET, &v4->sin_addr, host.data(), host.size());
    return std::string(host.data()) + ":" + std::to_string(ntohs(v4->sin_port));
  }
  const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&address.storage);
  inet_ntop(AF_INET6, &v6->sin6_addr, host.data(), host.size());
  return "[" + std::string(host.data()) + "]:" + std::to_string(ntohs(v6->sin6_port));
}

Result<SocketHandle> bind_loopback(Family family, int type, std::uint16_t port) {
  SocketHandle socket(::socket(domain(family), type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return failure("socket");
  int on = 1;
  if (type == SOCK_STREAM) setsockopt(socket.fd(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  Address address = make_address(family, family == Family::V4 ? "127.0.0.1" : "::1", port);
  if (bind(socket.fd(), address.get(), address.size) != 0) {
    return failure("port " + std::to_string(port) + " cannot be bound");
  }
  if (type == SOCK_STREAM && listen(socket.fd(), 8) != 0) return failure("listen");
  return socket;
}

Attempt dial(const Address& to) {
  Attempt attempt{
      SocketHandle(::socket(to.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0))};
  if (!attempt.socket || connect(attempt.socket.fd(), to.get(), to.size) != 0)
    attempt.error = errno;
  if (attempt.error != EINPROGRESS) return attempt;
  attempt.error = ETIMEDOUT;
  if (!ready(attempt.socket.fd(), POLLOUT)) return attempt;
  socklen_t size = sizeof attempt.error;
  getsockopt(attempt.socket.fd(), SOL_SOCKET, SO_ERROR, &attempt.error, &size);
  return attempt;
}

Attempt send_datagram(const Address& to, const std::string& payload) {
  Attempt attempt = open_datagram(to, 0);
  send_to(attempt, to, payload);
  return attempt;
}

Attempt send_expecting_refusal(const Address& to, const std::string& payload, int protocol) {
  Attempt attempt = open_datagram(to, protocol);
  int on = 1;
  setsockopt(attempt.socket.fd(), SOL_IP, IP_RECVERR, &on, sizeof on);
  setsockopt(attempt.socket.fd(), SOL_IPV6, IPV6_RECVERR, &on, sizeof on);
  send_to(attempt, to, payload);
  if (attempt.error != 0 || !ready(attempt.socket.fd(), POLLIN)) return attempt;
  char byte = 0;
  if (recv(attempt.socket.fd(), &byte, sizeof byte, 0) < 0) attempt.error = errno;
  return attempt;
}

Result<std::string> accept_and_answer(Family family, const SocketHandle& listener,
                                      const std::string& token) {
  if (!ready(listener.fd(), POLLIN)) return Error{"nothing arrived"};
  SocketHandle peer(accept4(listener.fd(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!peer) return failure("accept");
  Address meant;
  meant.size = sizeof meant.storage;
  int level = family == Family::V4 ? SOL_IP : SOL_IPV6;
  if (getsockopt(peer.fd(), level, kOriginalDst, &meant.storage, &meant.size) != 0) {
    return failure("the original destination of a redirected connection");
  }
  if (send(peer.fd(), token.data(), token.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(token.size())) {
    return failure("send");
  }
  return to_text(meant);
}

std::string receive(const SocketHandle& socket, std::size_t size) {
  std::string bytes(size, '\0');
  if (!ready(socket.fd(), POLLIN)) return "";
  ssize_t count = recv(socket.fd(), bytes.data(), size, 0);
  bytes.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  return bytes;
}

bool has_route(const Address& to) {
  for (int waited = 0; waited <= kAddressReadyTimeoutMs; waited += kRouteRetryMs) {
    // Connecting a datagram socket looks for a route and sends nothing.
    SocketHandle socket(::socket(to.storage.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!socket) return false;
    if (connect(socket.fd(), to.get(), to.size) == 0) return true;
    if (errno != EADDRNOTAVAIL) return false;
    poll(nullptr, 0, kRouteRetryMs);
  }
  return false;
}

}  // namespace chaperone::capture
