#pragma once
// Accepts connections (resource). With several loops each has its own listener on the same port
// (SO_REUSEPORT) and the kernel deals connections out.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sidecar/net/stream.h"

namespace chaperone::net {

struct ListenerOptions {
  bool reuse_port = false;
  int backlog = 0;  // 0: kListenBacklog
  // Asked before each connection is given out; false refuses it. Null: always.
  std::function<bool()> has_room;
  // A connection was refused (reset): no room, or no file descriptor left. For counting.
  std::function<void(const Address& peer)> on_refused;
};

class Listener {
 public:
  using OnAccept = std::function<void(StreamPtr)>;

  // Opens all addresses or none. Port 0 picks one, the same for all. An address of a family that
  // the machine does not have is left out, unless it is the only one.
  static Result<std::unique_ptr<Listener>> open(Loop& loop, const std::vector<std::string>& ips,
                                                std::uint16_t port, ListenerOptions options,
                                                OnAccept on_accept);
  // On a Unix socket, made with `mode`; its streams have no address. What is left of a listener
  // that is gone is replaced; one that still listens is an error.
  static Result<std::unique_ptr<Listener>> open_unix(Loop& loop, const std::string& path,
                                                     unsigned mode, ListenerOptions options,
                                                     OnAccept on_accept);
  // Stops listening and removes the Unix socket; accepted connections live on.
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  std::uint16_t port() const;  // 0 on a Unix socket

 private:
  struct Impl;
  struct Socket;
  Listener() = default;
  std::unique_ptr<Impl> impl_;
};

}  // namespace chaperone::net
