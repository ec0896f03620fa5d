// Streams under everything at once: both ends write, pause, resume, end, close, reset and are let
// go at random (from fixed seeds), plain and under TLS. What must hold: bytes arrive in order and
// unaltered, an orderly end loses none, on_closed() comes once and last, and nothing leaks.

#include "sidecar/net/tls.h"
#include "tests/unit/net/child.h"
#include "tests/unit/net/support.h"

#include <catch2/catch.hpp>
#include <random>

using namespace chaperone;
using namespace chaperone::net;

namespace {

constexpr std::size_t kRounds = 40;
constexpr std::size_t kWriteBytesMax = 300'000;

char byte_at(std::size_t position) { return static_cast<char>('a' + position * 7 % 26); }

struct End final : StreamObserver {
  StreamPtr stream;
  End* peer = nullptr;
  std::mt19937* random = nullptr;
  std::size_t written = 0, heard = 0;
  bool wrong = false, ended = false, finished = false, secure = false, tls = false;
  bool calm = false;  // nothing more is done at random
  int closed = 0;

  std::size_t draw(std::size_t below) { return (*random)() % below; }
  bool live() const { return stream && closed == 0; }

  void on_bytes(Bytes bytes) override {
    wrong = wrong || closed || ended || bytes.empty();
    for (std::uint8_t byte : bytes) wrong = wrong || static_cast<char>(byte) != byte_at(heard++);
    if (draw(8) == 0) act();
  }
  void on_end() override {
    wrong = wrong || ended || closed;
    ended = true;
    if (draw(2) == 0) act();
  }
  void on_drained() override {
    wrong = wrong || closed;
    if (draw(4) == 0) act();
  }
  void on_secure() override { secure = true; }
  void on_closed(const Error*) override {
    ++closed;
    if (draw(2) == 0) stream.reset();
  }

  void write_some() {
    if (finished || (tls && !secure) || stream->closing()) return;
    std::string text(1 + draw(draw(3) == 0 ? kWriteBytesMax : 600), '\0');
    for (char& c : text) c = byte_at(written++);
    stream->write(as_bytes(text));
    if (stream->over_mark() && draw(2) == 0) stream->pause();
  }

  void act() {
    if (!live() || calm) return;
    switch (draw(24)) {
      case 0:
        return stream->pause();
      case 1:
      case 2:
        return stream->resume();
      case 3:
        finished = true;
        return draw(2) == 0 ? stream->end() : stream->close_after_flush();
      case 4:
        if (draw(6) == 0) return stream->close();
        return;
      case 5:
        if (draw(6) == 0) return stream->reset();
        return;
      case 6:
        if (draw(10) == 0) stream.reset();
        return;
      default:
        return write_some();
    }
  }
};

void start_tls(End& client, End& server, TlsClient& trust, TlsServer& ours) {
  client.tls = server.tls = true;
  server.stream->start_tls_server(ours, {"127.0.0.1"}, {});
  client.stream->start_tls_client(trust, "127.0.0.1");
}

}  // namespace

TEST_CASE("streams keep their word whatever both ends do") {
  test::TempDir dir;
  TlsServerOptions options;
  options.key_dir = dir / "keys";
  options.trust_dir = dir / "trust";
  auto server = TlsServer::open(options);
  REQUIRE(server.ok());
  TlsClientOptions trust;
  trust.ca_file = dir / "trust/ca.pem";
  TlsClient client(trust);
  bool tls = GENERATE(false, true);
  for (unsigned seed = 1; seed <= kRounds; ++seed) {
    CAPTURE(seed, tls);
    std::mt19937 random(seed);
    Loop loop;
    test::Pair pair(loop);
    End ends[2];
    ends[0].stream = std::move(pair.client.stream);
    ends[1].stream = std::move(pair.server.stream);
    for (int i : {0, 1}) {
      ends[i].peer = &ends[1 - i];
      ends[i].random = &random;
      ends[i].stream->observe(&ends[i]);
    }
    if (tls) start_tls(ends[0], ends[1], client, **server);
    int turns = 0;
    test::run_until(loop, [&] {
      for (End& end : ends) end.act();
      return ++turns > 60 || (!ends[0].live() && !ends[1].live());
    });
    // Whoever is left is allowed an orderly end, and then must have heard all that was written.
    bool orderly = ends[0].live() && ends[1].live() && !ends[0].stream->closing() &&
                   !ends[1].stream->closing() && (!tls || (ends[0].secure && ends[1].secure));
    for (End& end : ends) {
      end.calm = true;
      if (end.live()) end.stream->end();
    }
    test::run_until(loop, [&] {
      for (End& end : ends) {
        if (end.live()) end.stream->resume();
      }
      return !ends[0].live() && !ends[1].live();
    });
    for (End& end : ends) {
      CHECK_FALSE(end.wrong);
      CHECK(end.closed <= 1);
      CHECK(end.heard <= end.peer->written);
      if (orderly && !end.finished && !end.peer->finished) CHECK(end.heard == end.peer->written);
    }
  }
}
