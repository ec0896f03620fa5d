#pragma once
// Where the kernel redirects the agent's port 53 to: UDP and TCP on loopback, in front of one
// Resolver (resource).

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "sidecar/dns/resolver.h"
#include "sidecar/net/datagram.h"
#include "sidecar/net/listener.h"

namespace chaperone::dns {

class TcpClient;

class Server {
 public:
  // Opens all addresses or none; a family that the machine does not have is left out. Port 0 picks
  // one. `resolver` outlives it.
  static Result<std::unique_ptr<Server>> open(net::Loop& loop, const std::vector<std::string>& ips,
                                              std::uint16_t port, Resolver& resolver);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::uint16_t port() const { return port_; }

 private:
  friend class TcpClient;
  Server(net::Loop& loop, Resolver& resolver) : loop_(loop), resolver_(resolver) {}
  Result<void> open_datagrams(const std::vector<std::string>& ips, std::uint16_t port);
  void received(net::Datagram& socket, Bytes message, const net::Address& peer);
  void accept(net::StreamPtr stream);
  void remove(TcpClient& client);

  net::Loop& loop_;
  Resolver& resolver_;
  std::uint16_t port_ = 0;
  std::unique_ptr<net::Listener> listener_;
  std::vector<std::unique_ptr<net::Datagram>> sockets_;
  std::unordered_map<TcpClient*, std::shared_ptr<TcpClient>> clients_;
  // Answers may come after this is gone.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace chaperone::dns
