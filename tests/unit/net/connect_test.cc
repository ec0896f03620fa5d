#include "sidecar/net/socket_owner.h"
#include "tests/unit/net/support.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>

using namespace chaperone;
using namespace chaperone::net;
using test::Ear;
using test::run_until;

TEST_CASE("addresses have one spelling") {
  CHECK(Address::parse("10.0.0.5", 5432)->to_string() == "10.0.0.5:5432");
  CHECK(Address::parse("fd00::5", 5432)->to_string() == "[fd00::5]:5432");
  CHECK(Address::parse("::ffff:10.0.0.5", 5432).value() ==
        Address::parse("10.0.0.5", 5432).value());
  CHECK(Address::parse("::ffff:10.0.0.5", 1)->bytes() == Address::parse("10.0.0.5", 2)->bytes());
  CHECK(Address::parse("127.8.8.8", 1)->loopback());
  CHECK(Address::parse("::1", 1)->loopback());
  CHECK_FALSE(Address::parse("localhost", 1).ok());
  CHECK_FALSE(Address().known());
}

TEST_CASE("a listener serves both families on one port") {
  Loop loop;
  std::vector<std::unique_ptr<Ear>> ears;
  auto listener = Listener::open(loop, {"127.0.0.1", "::1"}, 0, {}, [&](StreamPtr stream) {
    ears.push_back(std::make_unique<Ear>(std::move(stream)));
  });
  REQUIRE(listener.ok());
  std::vector<std::unique_ptr<Ear>> clients;
  auto take = [&](Result<StreamPtr> stream) {
    REQUIRE(stream.ok());
    clients.push_back(std::make_unique<Ear>(std::move(stream).value()));
  };
  Dialer four(loop, test::loopback((*listener)->port()), 5000, take);
  Dialer six(loop, Address::parse("::1", (*listener)->port()).value(), 5000, take);
  run_until(loop, [&] { return ears.size() == 2 && clients.size() == 2; });
  CHECK(ears[0]->stream->peer().loopback());
  CHECK(ears[1]->stream->peer().loopback());
  CHECK(ears[0]->stream->local().port() == (*listener)->port());
}

TEST_CASE("two loops share a port") {
  Loop loop;
  ListenerOptions options;
  options.reuse_port = true;
  auto first = Listener::open(loop, {"127.0.0.1"}, 0, options, [](StreamPtr) {});
  REQUIRE(first.ok());
  CHECK(Listener::open(loop, {"127.0.0.1"}, (*first)->port(), options, [](StreamPtr) {}).ok());
  auto third = Listener::open(loop, {"127.0.0.1"}, (*first)->port(), {}, [](StreamPtr) {});
  REQUIRE_FALSE(third.ok());
  CHECK(third.error().message.find("another process") != std::string::npos);
}

TEST_CASE("without room a connection is refused and counted") {
  Loop loop;
  int refused = 0;
  ListenerOptions options;
  options.has_room = [] { return false; };
  options.on_refused = [&](const Address&) { ++refused; };
  auto listener = Listener::open(loop, {"127.0.0.1"}, 0, options, [](StreamPtr) { FAIL(); });
  REQUIRE(listener.ok());
  Ear client;
  std::string why;  // the reset may come before the dialer looks, or after
  Dialer dialer(loop, test::loopback((*listener)->port()), 5000, [&](Result<StreamPtr> stream) {
    if (!stream.ok()) why = stream.error().message;
    if (stream.ok()) client.take(std::move(stream).value());
  });
  run_until(loop, [&] { return refused == 1 && (client.closed || !why.empty()); });
  CHECK((client.why + why).find("reset") != std::string::npos);
}

TEST_CASE("out of descriptors a connection is refused, and the next one served") {
  Loop loop;
  int refused = 0;
  Ear server;
  ListenerOptions options;
  options.on_refused = [&](const Address&) { ++refused; };
  auto listener = Listener::open(loop, {"127.0.0.1"}, 0, options,
                                 [&](StreamPtr stream) { server.take(std::move(stream)); });
  REQUIRE(listener.ok());
  run_until(loop, [] { return true; });  // what the loop opens lazily is open now
  int first = test::raw_connect((*listener)->port());
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  rlimit tight{static_cast<rlim_t>(first) + 1, before.rlim_max};
  setrlimit(RLIMIT_NOFILE, &tight);
  run_until(loop, [&] { return refused == 1 || server.stream; });
  setrlimit(RLIMIT_NOFILE, &before);
  CHECK(refused == 1);
  int second = test::raw_connect((*listener)->port());
  run_until(loop, [&] { return server.stream != nullptr; });
  ::close(first);
  ::close(second);
}

TEST_CASE("a listener may be destroyed by who accepts") {
  Loop loop;
  std::unique_ptr<Listener> listener;
  StreamPtr kept;
  auto opened = Listener::open(loop, {"127.0.0.1"}, 0, {}, [&](StreamPtr stream) {
    kept = std::move(stream);
    listener.reset();
  });
  REQUIRE(opened.ok());
  listener = std::move(opened).value();
  int a = test::raw_connect(listener->port()), b = test::raw_connect(listener->port());
  run_until(loop, [&] { return kept != nullptr; });
  ::close(a);
  ::close(b);
}

TEST_CASE("a dial that is refused or given up says so, or is silent") {
  Loop loop;
  std::uint16_t free_port = 0;
  {
    auto listener = Listener::open(loop, {"127.0.0.1"}, 0, {}, [](StreamPtr) {});
    free_port = (*listener)->port();
  }
  std::string why;
  auto note = [&](Result<StreamPtr> stream) { why = stream.ok() ? "?" : stream.error().message; };
  SECTION("refused") {
    Dialer dialer(loop, test::loopback(free_port), 5000, note);
    run_until(loop, [&] { return !why.empty(); });
    CHECK(why.find("refused") != std::string::npos);
    CHECK(why.find(std::to_string(free_port)) != std::string::npos);
  }
  SECTION("the dialer is destroyed at once") {
    { Dialer dialer(loop, test::loopback(free_port), 5000, note); }
    int turns = 0;
    run_until(loop, [&] { return ++turns > 10; });
    CHECK(why.empty());
  }
  SECTION("no answer within the deadline") {
    // A full backlog drops further SYNs.
    ListenerOptions options;
    options.backlog = 1;
    int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    Address any = test::loopback(0);
    REQUIRE(::bind(fd, any.raw(), any.raw_bytes()) == 0);
    REQUIRE(::listen(fd, 0) == 0);
    sockaddr_in bound{};
    socklen_t size = sizeof bound;
    getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size);
    int filler = test::raw_connect(ntohs(bound.sin_port));
    Dialer dialer(loop, test::loopback(ntohs(bound.sin_port)), 10, note);
    run_until(loop, [&] { return !why.empty(); });
    CHECK(why.find("no answer within 10 ms") != std::string::npos);
    ::close(filler);
    ::close(fd);
  }
}

TEST_CASE("a connection made to us directly is seen as such") {
  Loop loop;
  test::Pair pair(loop);
  auto destination = pair.server.stream->original_destination();
  if (destination.ok()) {
    CHECK(destination->direct);
    CHECK(destination->address == pair.server.stream->local());
  } else {
    CHECK(destination.error().message.find("chaperone-init") != std::string::npos);
  }
}

TEST_CASE("the owner of the other end is known while it is open") {
  Loop loop;
  test::Pair pair(loop);
  SocketOwners owners;
  Address local = pair.server.stream->peer(), remote = pair.server.stream->local();
  auto uid = owners.uid_of(local, remote);
  REQUIRE(uid.has_value());
  CHECK(*uid == ::geteuid());
  CHECK_FALSE(owners.uid_of(Address::parse("127.0.0.1", 1).value(), remote).has_value());
  pair.client.stream.reset();
  run_until(loop, [&] { return pair.server.ended; });
  CHECK_FALSE(owners.uid_of(local, remote).has_value());
}
