#include "sidecar/probe/probe_server.h"

#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <thread>

#include "sidecar/net/address.h"

using namespace chaperone;
using namespace chaperone::probe;

namespace {

int listen_on(std::uint16_t& port) {
  int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  net::Address any = net::Address::parse("127.0.0.1", 0).value();
  REQUIRE(::bind(fd, any.raw(), any.raw_bytes()) == 0);
  REQUIRE(::listen(fd, 8) == 0);
  sockaddr_in bound{};
  socklen_t size = sizeof bound;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size);
  port = ntohs(bound.sin_port);
  return fd;
}

// An agent's server that reads a request and gives one answer to everybody.
class Server {
 public:
  explicit Server(std::string answer) : fd_(listen_on(port)) {
    thread_ = std::thread([this, answer] {
      for (int client; (client = ::accept(fd_, nullptr, nullptr)) >= 0; ::close(client)) {
        char buffer[4096];
        if (::recv(client, buffer, sizeof buffer, 0) > 0)
          ::send(client, answer.data(), answer.size(), MSG_NOSIGNAL);
      }
    });
  }
  ~Server() {
    ::shutdown(fd_, SHUT_RDWR);
    thread_.join();
    ::close(fd_);
  }
  std::uint16_t port = 0;

 private:
  int fd_;
  std::thread thread_;
};

std::string ask(std::uint16_t port, const std::string& path) {
  int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  net::Address address = net::Address::parse("127.0.0.1", port).value();
  REQUIRE(::connect(fd, address.raw(), address.raw_bytes()) == 0);
  std::string request = "GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", reply;
  ::send(fd, request.data(), request.size(), MSG_NOSIGNAL);
  char buffer[4096];
  for (ssize_t got; (got = ::recv(fd, buffer, sizeof buffer, 0)) > 0;)
    reply.append(buffer, static_cast<std::size_t>(got));
  ::close(fd);
  return reply;
}

// What the kubelet is told of one probe of `handler`, and of a path that nobody declared.
std::pair<std::string, std::string> answers(const std::string& handler) {
  net::Loop loop;
  auto server = ProbeServer::open(loop, "127.0.0.1:0",
                                  R"([{"path": "/web/livenessProbe", )" + handler + "}]");
  REQUIRE(server.ok());
  std::pair<std::string, std::string> said;
  std::thread kubelet([&, port = (*server)->port()] {
    said = {ask(port, "/web/livenessProbe"), ask(port, "/web/other")};
    loop.post([&] { loop.stop(); });
  });
  loop.run();
  kubelet.join();
  server->reset();
  loop.post([&] { loop.stop(); });
  loop.run();
  return said;
}

std::string with_port(const char* before, std::uint16_t port, const char* after) {
  return before + std::to_string(port) + after;
}

}  // namespace

TEST_CASE("the kubelet hears whether the container is well, and nothing that it said") {
  Server good("HTTP/1.1 200 OK\r\n\r\nthe agent's words"),
      bad("HTTP/1.1 500 Broken\r\n\r\nthe agent's words");
  auto [said, other] = answers(with_port(R"("httpGet": {"port": )", good.port, "}"));
  CHECK(said.find("HTTP/1.1 200") == 0);
  CHECK(said.find("agent") == std::string::npos);
  CHECK(other.find("HTTP/1.1 404") == 0);
  CHECK(answers(with_port(R"("httpGet": {"port": )", bad.port, "}")).first.find("HTTP/1.1 503") ==
        0);
  CHECK(answers(with_port(R"("tcpSocket": {"port": )", bad.port, "}")).first.find("HTTP/1.1 200") ==
        0);
  CHECK(answers(with_port(R"("grpc": {"port": )", good.port, "}")).first.find("HTTP/1.1 503") == 0);
}

TEST_CASE("nobody listens, or nobody answers") {
  std::uint16_t port = 0;
  int silent = listen_on(port);
  CHECK(answers(with_port(R"("httpGet": {"port": )", port, "}")).first.find("HTTP/1.1 503") == 0);
  ::close(silent);
  CHECK(answers(with_port(R"("httpGet": {"port": )", port, "}")).first.find("HTTP/1.1 503") == 0);
}

TEST_CASE("no probes, no listener; a wrong list is an error") {
  net::Loop loop;
  auto none = ProbeServer::open(loop, "127.0.0.1:0", "");
  REQUIRE(none.ok());
  CHECK(*none == nullptr);
  CHECK_FALSE(ProbeServer::open(loop, "127.0.0.1:0", "[{}]").ok());
}
