#include "tests/unit/net/support.h"

#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>

namespace chaperone::net::test {

namespace {

constexpr std::uint64_t kHangMs = 60'000;

}  // namespace

void run_until(Loop& loop, const std::function<bool()>& done) {
  bool hung = false;
  Timer guard(loop, [&] {
    hung = true;
    loop.stop();
  });
  guard.start(kHangMs);
  Timer look(loop, [&] {
    if (done()) loop.stop();
  });
  look.start(0, 1);
  loop.run();
  REQUIRE_FALSE(hung);
}

Address loopback(std::uint16_t port) { return Address::parse("127.0.0.1", port).value(); }

Pair::Pair(Loop& loop) {
  auto opened = Listener::open(loop, {"127.0.0.1"}, 0, {},
                               [this](StreamPtr stream) { server.take(std::move(stream)); });
  REQUIRE(opened.ok());
  listener = std::move(opened).value();
  Dialer dialer(loop, loopback(listener->port()), 5000, [this](Result<StreamPtr> stream) {
    REQUIRE(stream.ok());
    client.take(std::move(stream).value());
  });
  run_until(loop, [this] { return client.stream && server.stream; });
}

Relay::Relay(Loop& loop, StreamPtr client, const Address& upstream) {
  client_.relay = upstream_.relay = this;
  client_.other = &upstream_;
  upstream_.other = &client_;
  client_.stream = std::move(client);
  open_ = 1;
  dialer_ = std::make_unique<Dialer>(loop, upstream, 5000, [this](Result<StreamPtr> stream) {
    auto keep = std::move(dialer_);
    if (!stream.ok()) {
      client_.stream.reset();
      open_ = 0;
      return;
    }
    upstream_.stream = std::move(stream).value();
    open_ = 2;
    client_.stream->observe(&client_);
    upstream_.stream->observe(&upstream_);
  });
}

void Relay::Half::on_bytes(Bytes bytes) {
  if (!other->stream) return;
  other->stream->write(bytes);
  relay->queued_max_ = std::max(relay->queued_max_, other->stream->queued_bytes());
  if (other->stream->over_mark()) stream->pause();
}

void Relay::Half::on_closed(const Error* why) {
  stream.reset();
  --relay->open_;
  if (other->stream) why ? other->stream->reset() : other->stream->close();
}

int raw_connect(std::uint16_t port) {
  int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  Address address = loopback(port);
  REQUIRE(::connect(fd, address.raw(), address.raw_bytes()) == 0);
  return fd;
}

}  // namespace chaperone::net::test
