#include "sidecar/admin/admin_server.h"
#include "sidecar/admin/explain.h"
#include "sidecar/admin/http_request.h"
#include "sidecar/admin/http_server.h"
#include "sidecar/admin/limits.h"
#include "sidecar/net/address.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <thread>

using namespace chaperone;
using namespace chaperone::admin;

namespace {

// A loop on a thread of its own, so that the test may ask and wait.
class Running {
 public:
  explicit Running(net::Loop& loop) : loop_(loop), thread_([&loop] { loop.run(); }) {}
  ~Running() {
    loop_.stop();
    thread_.join();
  }

 private:
  net::Loop& loop_;
  std::thread thread_;
};

struct TempDir {
  std::string path;
  TempDir() {
    path = (std::filesystem::temp_directory_path() / "chaperone-admin-XXXXXX").string();
    REQUIRE(::mkdtemp(path.data()));
  }
  ~TempDir() { std::filesystem::remove_all(path); }
};

// What comes back for `request` until the server closes, or `wanted` bytes have come.
std::string http(std::uint16_t port, const std::string& request, std::size_t wanted = 1 << 20) {
  int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  net::Address address = net::Address::parse("127.0.0.1", port).value();
  REQUIRE(::connect(fd, address.raw(), address.raw_bytes()) == 0);
  ::send(fd, request.data(), request.size(), MSG_NOSIGNAL);
  std::string reply;
  char buffer[4096];
  ssize_t got = 0;
  while (reply.size() < wanted && (got = ::recv(fd, buffer, sizeof buffer, 0)) > 0) {
    reply.append(buffer, static_cast<std::size_t>(got));
  }
  ::close(fd);
  return reply;
}

std::map<std::string, HttpHandler> routes(net::Loop& loop) {
  std::map<std::string, HttpHandler> all;
  all["/healthz"] = [](HttpReply reply) { reply({200, "text/plain", "ok\n"}); };
  all["/later"] = [&loop](HttpReply reply) {
    loop.soon([reply] { reply({503, "text/plain", "not yet\n"}); });
  };
  return all;
}

}  // namespace

TEST_CASE("probes are answered, at once and later, and several in a row") {
  net::Loop loop;
  auto server = HttpServer::open(loop, "127.0.0.1:0", routes(loop));
  REQUIRE(server.ok());
  std::uint16_t port = (*server)->port();
  {
    Running running(loop);
    std::string close = "Host: x\r\nConnection: close\r\n\r\n";
    std::string good = http(port, "GET /healthz?full=1 HTTP/1.1\r\n" + close);
    CHECK(good.substr(0, 15) == "HTTP/1.1 200 OK");
    CHECK(good.substr(good.size() - 7) == "\r\n\r\nok\n");
    CHECK(http(port, "GET /later HTTP/1.0\r\n\r\n").find("503") == 9);
    std::string head = http(port, "HEAD /healthz HTTP/1.1\r\n" + close);
    CHECK(head.substr(head.size() - 4) == "\r\n\r\n");
    std::string two =
        http(port, "GET /later HTTP/1.1\r\nHost: x\r\n\r\nGET /healthz HTTP/1.1\r\n" + close);
    CHECK(two.find("not yet") < two.find("ok\n"));
    CHECK(two.find("ok\n") != std::string::npos);
    CHECK(http(port, "GET /none HTTP/1.1\r\n" + close).find("404") == 9);
    CHECK(http(port, "POST /healthz HTTP/1.1\r\n" + close).find("405") == 9);
    CHECK(http(port, "GET /healthz HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello").find("400") == 9);
    CHECK(http(port, "nonsense\r\n\r\n").find("400") == 9);
    CHECK(http(port, "GET /" + std::string(20'000, 'a')).find("431") == 9);
  }
}

// The agent shares the pod: what it holds leaves room for probes and scrapers, which come from
// outside.
TEST_CASE("there are no more HTTP clients of this pod than the bound") {
  net::Loop loop;
  auto server = HttpServer::open(loop, "127.0.0.1:0", routes(loop));
  REQUIRE(server.ok());
  net::Address address = net::Address::parse("127.0.0.1", (*server)->port()).value();
  {
    Running running(loop);
    std::vector<int> held;
    for (std::size_t i = 0; i < kHttpInsideMax; ++i) {
      held.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
      REQUIRE(::connect(held.back(), address.raw(), address.raw_bytes()) == 0);
      // Answered: so it has been accepted and counts.
      std::string ask = "GET /healthz HTTP/1.1\r\n\r\n";
      ::send(held.back(), ask.data(), ask.size(), MSG_NOSIGNAL);
      char byte;
      REQUIRE(::recv(held.back(), &byte, 1, 0) == 1);
    }
    CHECK(http((*server)->port(), "GET /healthz HTTP/1.0\r\n\r\n").empty());
    for (int fd : held) ::close(fd);
  }
}

TEST_CASE("an address that cannot be listened on is named") {
  net::Loop loop;
  for (const char* wrong :
       {"here:80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:99999"}) {
    auto server = HttpServer::open(loop, wrong, {});
    REQUIRE_FALSE(server.ok());
    CHECK(server.error().message.find(wrong) != std::string::npos);
  }
}

TEST_CASE("request heads are read strictly") {
  CHECK(parse_http_request("GET / HTTP/1.1\r\nHost: x").valid);
  CHECK(parse_http_request("GET / HTTP/1.1\r\nHost: x").keeps);
  CHECK_FALSE(parse_http_request("GET / HTTP/1.1\r\nConnection:  Close").keeps);
  CHECK_FALSE(parse_http_request("GET / HTTP/1.0").keeps);
  CHECK(parse_http_request("GET / HTTP/1.1\r\nTransfer-Encoding: chunked").has_body);
  CHECK_FALSE(parse_http_request("GET / HTTP/1.1\r\nContent-Length: 0").has_body);
  for (const char* wrong :
       {"", "GET", "GET /", "GET  HTTP/1.1", "GET x HTTP/1.1", "GET / HTTP/2", "GET /a b HTTP/1.1",
        "GET / HTTP/1.1\r\nnocolon", "GET / HTTP/1.1\r\n: x"}) {
    INFO(wrong);
    CHECK_FALSE(parse_http_request(wrong).valid);
  }
}

TEST_CASE("a running sidecar is asked over its socket") {
  TempDir dir;
  std::string path = dir.path + "/run/admin.sock";
  net::Loop loop;
  std::map<std::string, AdminCommand> commands;
  commands["echo"] = [](const std::string& arguments, AdminReply reply) { reply(arguments); };
  commands["later"] = [&loop](const std::string&, AdminReply reply) {
    loop.soon([reply] { reply(Result<std::string>("[1,2]")); });
  };
  commands["fails"] = [](const std::string&, AdminReply reply) { reply(Error{"no such session"}); };
  commands["broken"] = [](const std::string&, AdminReply reply) {
    reply(Result<std::string>("{"));
  };
  commands["big"] = [](const std::string&, AdminReply reply) {
    reply('"' + std::string(2'000'000, 'x') + '"');
  };
  auto server = AdminServer::open(loop, path, commands);
  REQUIRE(server.ok());
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  CHECK_FALSE(AdminServer::open(loop, path, {}).ok());
  {
    Running running(loop);
    CHECK(ask(path, "echo", R"({"a":"b"})").value() == R"({"a":"b"})");
    CHECK(ask(path, "echo").value() == "{}");
    CHECK(ask(path, "later").value() == "[1,2]");
    CHECK(ask(path, "echo", R"({"a":")" + std::string(200, '[') + "\"}").ok());
    CHECK(ask(path, "fails").error().message == "no such session");
    CHECK(ask(path, "broken").error().message.find("bug") != std::string::npos);
    CHECK(ask(path, "big").value().size() == 2'000'002);
    CHECK(ask(path, "nothing").error().message.find("known: big, broken, echo") !=
          std::string::npos);
    CHECK(ask(path, std::string(100'000, 'x')).error().message == "the request is too long");
  }
  server->reset();
  CHECK(ask(path, "echo").error().message.find("is the sidecar running?") != std::string::npos);
}

TEST_CASE("the socket of a sidecar that died is taken over") {
  TempDir dir;
  std::string path = dir.path + "/admin.sock";
  net::Loop loop;
  {
    auto first = AdminServer::open(loop, path, {});
    REQUIRE(first.ok());
    std::filesystem::rename(path, path + ".kept");
  }
  std::filesystem::rename(path + ".kept", path);
  CHECK(AdminServer::open(loop, path, {}).ok());
}

TEST_CASE("answers become tables that no value can disturb") {
  std::string json = R"({"policy":"abc","sessions":[{"id":1,"to":"10.0.0.5:5432","open":true},
    {"id":22,"open":false}],"empty":[],"counts":{"allow":3},"text":"a\u001b[2Jb\u0085c"})";
  CHECK(as_tables(json).value() ==
        "policy    abc\n"
        "sessions:\n"
        "  id  to             open\n"
        "  1   10.0.0.5:5432  yes\n"
        "  22                 no\n"
        "empty\n"
        "counts:\n"
        "  allow  3\n"
        "text      a\\x1b[2Jb?c\n");
  CHECK_FALSE(as_tables("{").ok());
  CHECK_FALSE(as_tables(std::string(100'000, '[')).ok());
  CHECK_FALSE(as_tables(std::string(1000, '[') + std::string(1000, ']')).ok());
  CHECK(as_tables("[]").value() == "(none)\n");
}
