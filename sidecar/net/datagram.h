#pragma once
// One UDP socket (resource).

#include <cstdint>
#include <functional>
#include <memory>

#include "proto-parsers/base/bytes.h"
#include "proto-parsers/base/result.h"
#include "sidecar/net/address.h"
#include "sidecar/net/loop.h"

namespace chaperone::net {

class Datagram {
 public:
  // One datagram and who sent it. `bytes` lie in the loop's plain buffer until this returns. It may
  // destroy the socket.
  using OnReceive = std::function<void(Bytes bytes, const Address& peer)>;

  // Receives on `local`; port 0 picks one.
  static Result<std::unique_ptr<Datagram>> open(Loop& loop, const Address& local,
                                                OnReceive on_receive);
  // Speaks with `peer` alone, from a port that the kernel picks at random. An answer from anyone
  // else never arrives. `on_error`: the peer's host says that nobody listens.
  static Result<std::unique_ptr<Datagram>> connect(Loop& loop, const Address& peer,
                                                   OnReceive on_receive,
                                                   std::function<void(const Error&)> on_error);
  ~Datagram();
  Datagram(const Datagram&) = delete;
  Datagram& operator=(const Datagram&) = delete;

  // At once or not at all: what the kernel has no room for is lost, as datagrams are. To the
  // connected peer where `peer` is null. False: it was not sent.
  bool send(Bytes bytes, const Address* peer = nullptr);

  std::uint16_t port() const;  // our own

 private:
  struct Impl;
  explicit Datagram(Impl* impl) : impl_(impl) {}
  static Result<std::unique_ptr<Datagram>> start(std::unique_ptr<Datagram> datagram);
  Impl* impl_;  // freed in its close callback
};

}  // namespace chaperone::net
