#include "sidecar/dns/server.h"

#include "sidecar/dns/limits.h"
#include "sidecar/dns/tcp_client.h"

namespace chaperone::dns {

Result<std::unique_ptr<Server>> Server::open(net::Loop& loop, const std::vector<std::string>& ips,
                                             std::uint16_t port, Resolver& resolver) {
  std::unique_ptr<Server> server(new Server(loop, resolver));
  net::ListenerOptions options;
  options.has_room = [s = server.get()] { return s->clients_.size() < kTcpClientsMax; };
  auto listener = net::Listener::open(
      loop, ips, port, std::move(options),
      [s = server.get()](net::StreamPtr stream) { s->accept(std::move(stream)); });
  if (!listener.ok()) return listener.error();
  server->listener_ = std::move(listener).value();
  server->port_ = server->listener_->port();
  if (auto opened = server->open_datagrams(ips, server->port_); !opened.ok()) return opened.error();
  return server;
}

// TCP opened on at least one of the addresses; a family that is missing is missing here too.
Result<void> Server::open_datagrams(const std::vector<std::string>& ips, std::uint16_t port) {
  std::string reasons;
  for (const std::string& ip : ips) {
    auto local = net::Address::parse(ip, port);
    if (!local.ok()) return local.error();
    const std::size_t place = sockets_.size();
    auto socket = net::Datagram::open(
        loop_, *local, [this, place](Bytes message, const net::Address& peer) {
          received(*sockets_[place], message, peer);
        });
    if (socket.ok()) sockets_.push_back(std::move(socket).value());
    else if (local->v4()) return socket.error();
    else reasons = socket.error().message;
  }
  return sockets_.empty() ? Result<void>(Error{reasons}) : Result<void>();
}

Server::~Server() = default;

void Server::received(net::Datagram& socket, Bytes message, const net::Address& peer) {
  resolver_.ask(message, false,
                [&socket, peer, alive = std::weak_ptr<bool>(alive_)](const std::string& reply) {
                  if (!alive.expired()) socket.send(as_bytes(reply), &peer);
                });
}

void Server::accept(net::StreamPtr stream) {
  auto client = std::make_shared<TcpClient>(*this, std::move(stream));
  clients_[client.get()] = client;
  client->start();
}

void Server::remove(TcpClient& client) { clients_.erase(&client); }

}  // namespace chaperone::dns
