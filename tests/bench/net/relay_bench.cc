// The least that a session can cost: a relay on sidecar/net without parser, policy or record.
//   relay_bench PORT [UPSTREAM_IP UPSTREAM_PORT]   without upstream: the original destination
// Prints what a stream takes, serves until SIGTERM, and then says how many connections it had.

#include <cstdio>
#include <cstdlib>
#include <list>
#include <memory>

#include <csignal>

#include "sidecar/net/dialer.h"
#include "sidecar/net/listener.h"
#include "sidecar/net/timer.h"

using namespace chaperone;
using namespace chaperone::net;

namespace {

struct Pair;

struct Half final : StreamObserver {
  Pair* pair = nullptr;
  Half* other = nullptr;
  StreamPtr stream;

  void on_bytes(Bytes bytes) override {
    other->stream->write(bytes);
    if (other->stream->over_mark()) stream->pause();
  }
  void on_end() override { other->stream->end(); }
  void on_drained() override { other->stream->resume(); }
  void on_closed(const Error* why) override;
};

struct Pair {
  Half client, upstream;
  std::unique_ptr<Dialer> dialer;
  std::list<Pair>* all = nullptr;
  std::list<Pair>::iterator self;
};

void Half::on_closed(const Error* why) {
  stream.reset();
  if (!other->stream) {
    pair->all->erase(pair->self);
    return;
  }
  why ? other->stream->reset() : other->stream->close();
}

void serve(Loop& loop, std::list<Pair>& all, StreamPtr client, const Address& fixed) {
  Address target = fixed;
  if (!target.known()) {
    auto meant = client->original_destination();
    if (!meant.ok() || meant->direct) return client->reset();
    target = meant->address;
  }
  Pair& pair = all.emplace_back();
  pair.all = &all;
  pair.self = std::prev(all.end());
  pair.client.pair = pair.upstream.pair = &pair;
  pair.client.other = &pair.upstream;
  pair.upstream.other = &pair.client;
  pair.client.stream = std::move(client);
  pair.dialer = std::make_unique<Dialer>(loop, target, 5000, [&pair](Result<StreamPtr> stream) {
    auto done = std::move(pair.dialer);
    if (!stream.ok()) {
      pair.all->erase(pair.self);
      return;
    }
    pair.upstream.stream = std::move(stream).value();
    pair.client.stream->observe(&pair.client);
    pair.upstream.stream->observe(&pair.upstream);
  });
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 && argc != 4) return std::fprintf(stderr, "usage: relay_bench PORT [IP PORT]\n"), 2;
  Address fixed;
  if (argc == 4) {
    auto parsed = Address::parse(argv[2], static_cast<std::uint16_t>(std::atoi(argv[3])));
    if (!parsed.ok()) return std::fprintf(stderr, "%s\n", parsed.error().message.c_str()), 2;
    fixed = *parsed;
  }
  Loop loop;
  std::list<Pair> all;
  std::size_t served = 0;
  auto listener =
      Listener::open(loop, {"127.0.0.1", "::1"}, static_cast<std::uint16_t>(std::atoi(argv[1])), {},
                     [&](StreamPtr stream) {
                       ++served;
                       serve(loop, all, std::move(stream), fixed);
                     });
  if (!listener.ok()) return std::fprintf(stderr, "%s\n", listener.error().message.c_str()), 1;
  Signals signals(loop, {SIGTERM}, [&](int) { loop.stop(); });
  loop.run();
  std::printf("served %zu\n", served);
  all.clear();
}
