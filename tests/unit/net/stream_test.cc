#include "sidecar/net/stream.h"

#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "sidecar/net/limits.h"
#include "tests/unit/net/support.h"

using namespace chaperone;
using namespace chaperone::net;
using test::Ear;
using test::Pair;
using test::run_until;

namespace {

std::string pattern(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + i * 7 % 23);
  return text;
}

}  // namespace

TEST_CASE("bytes arrive, and half-close works in both directions") {
  Loop loop;
  Pair pair(loop);
  pair.client.stream->write(as_bytes("ask"));
  pair.client.stream->end();
  run_until(loop, [&] { return pair.server.ended; });
  CHECK(pair.server.heard == "ask");
  CHECK_FALSE(pair.server.closed);
  pair.server.stream->write(as_bytes("answer"));
  pair.server.stream->end();
  run_until(loop, [&] { return pair.client.closed && pair.server.closed; });
  CHECK(pair.client.heard == "answer");
  CHECK(pair.client.ended);
  CHECK(pair.client.why.empty());
  CHECK(pair.server.why.empty());
}

TEST_CASE("what the kernel does not take is queued, reported and drained") {
  Loop loop;
  Pair pair(loop);
  std::string big = pattern(8 * 1024 * 1024);
  pair.server.stream->pause();
  pair.client.stream->write(as_bytes(big));
  CHECK(pair.client.stream->queued_bytes() > 0);
  CHECK(pair.client.stream->over_mark());
  CHECK_FALSE(pair.client.drained);
  pair.client.stream->write(as_bytes("tail"));
  pair.client.stream->end();
  pair.server.stream->resume();
  run_until(loop, [&] { return pair.server.ended; });
  CHECK(pair.client.drained);
  CHECK(pair.client.stream->queued_bytes() == 0);
  CHECK((pair.server.heard == big + "tail"));
}

TEST_CASE("a paused stream hears nothing, not even the end") {
  Loop loop;
  Pair pair(loop);
  pair.server.stream->pause();
  pair.client.stream->write(as_bytes("x"));
  pair.client.stream->end();
  int turns = 0;
  run_until(loop, [&] { return ++turns > 20; });
  CHECK(pair.server.heard.empty());
  CHECK_FALSE(pair.server.ended);
  pair.server.stream->resume();
  run_until(loop, [&] { return pair.server.ended; });
  CHECK(pair.server.heard == "x");
}

TEST_CASE("a stream may pause itself inside on_bytes") {
  Loop loop;
  Pair pair(loop);
  int calls = 0;
  pair.server.then = [&](Bytes) {
    ++calls;
    pair.server.stream->pause();
  };
  std::string big = pattern(300'000);
  pair.client.stream->write(as_bytes(big));
  run_until(loop, [&] {
    if (pair.server.stream->paused()) pair.server.stream->resume();
    return pair.server.heard.size() == big.size();
  });
  CHECK(calls >= 5);
  CHECK((pair.server.heard == big));
}

TEST_CASE("reset is seen as an error by the other side") {
  Loop loop;
  Pair pair(loop);
  pair.client.stream->reset();
  run_until(loop, [&] { return pair.client.closed && pair.server.closed; });
  CHECK(pair.client.why.empty());
  CHECK(pair.server.why.find("reset") != std::string::npos);
  CHECK_FALSE(pair.server.ended);
}

TEST_CASE("a reset ends a stream in each state") {
  Loop loop;
  Pair pair(loop);
  std::string big = pattern(4 * 1024 * 1024);
  SECTION("with bytes queued towards the peer") {
    pair.client.stream->pause();
    pair.server.stream->write(as_bytes(big));
    REQUIRE(pair.server.stream->queued_bytes() > 0);
  }
  SECTION("after our half has ended") { pair.server.stream->end(); }
  SECTION("ending, with bytes still queued") {
    pair.client.stream->pause();
    pair.server.stream->write(as_bytes(big));
    pair.server.stream->end();
  }
  SECTION("being emptied before closing") {
    pair.client.stream->pause();
    pair.server.stream->write(as_bytes(big));
    pair.server.stream->close_after_flush();
  }
  pair.client.stream->reset();
  run_until(loop, [&] { return pair.client.closed && pair.server.closed; });
  CHECK_FALSE(pair.server.why.empty());
}

TEST_CASE("a paused stream with bytes queued learns of a reset by its writing") {
  Loop loop;
  Pair pair(loop);
  pair.client.stream->pause();
  pair.server.stream->pause();
  pair.server.stream->write(as_bytes(pattern(4 * 1024 * 1024)));
  pair.client.stream->reset();
  run_until(loop, [&] { return pair.server.closed; });
  CHECK_FALSE(pair.server.why.empty());
}

TEST_CASE("what the peer said before it closed is heard although our write failed") {
  Loop loop;
  Pair pair(loop);
  pair.client.stream->pause();
  pair.server.stream->write(as_bytes("no, because"));
  pair.server.stream->close();
  run_until(loop, [&] { return pair.server.closed; });
  // The first write provokes the reset, the second one meets it.
  pair.client.stream->write(as_bytes("more"));
  int turns = 0;
  run_until(loop, [&] { return ++turns > 20; });
  pair.client.stream->resume();
  pair.client.stream->write(as_bytes("more"));
  run_until(loop, [&] { return pair.client.closed || pair.client.ended; });
  CHECK(pair.client.heard == "no, because");
}

TEST_CASE("a farewell reaches a peer that is still sending") {
  Loop loop;
  Pair pair(loop);
  pair.client.stream->write(as_bytes(pattern(2 * 1024 * 1024)));
  pair.server.then = [&](Bytes) {
    if (pair.server.stream->closing()) return;
    pair.server.stream->write(as_bytes("refused"));
    pair.server.stream->close_after_flush();
  };
  run_until(loop, [&] { return pair.client.ended; });
  CHECK(pair.client.heard == "refused");
  CHECK(pair.client.why.empty());
  pair.client.stream->end();
  run_until(loop, [&] { return pair.client.closed && pair.server.closed; });
  CHECK(pair.server.why.empty());
}

TEST_CASE("a farewell to a peer that never ends is cut at its deadline") {
  Loop loop;
  Pair pair(loop);
  pair.server.stream->write(as_bytes("refused"));
  pair.server.stream->close_after_flush(1);
  run_until(loop, [&] { return pair.server.closed; });
  CHECK(pair.server.why.empty());
}

TEST_CASE("a peer that was told to go ends first") {
  Loop loop;
  Pair pair(loop);
  const std::string many = pattern(256 * 1024);
  pair.client.stream->write(as_bytes("go"));
  pair.client.stream->close_after_peer();
  run_until(loop, [&] { return pair.server.heard == "go"; });
  // Our half stands open, and what still comes is dropped.
  pair.server.stream->write(as_bytes(many));
  run_until(loop, [&] { return pair.server.stream->queued_bytes() == 0; });
  CHECK_FALSE(pair.server.ended);
  CHECK_FALSE(pair.client.closed);
  pair.server.stream->end();
  run_until(loop, [&] { return pair.client.closed && pair.server.ended; });
  CHECK(pair.client.heard.empty());
  CHECK(pair.client.why.empty());
}

TEST_CASE("of a peer that has ended nothing more is awaited") {
  Loop loop;
  Pair pair(loop);
  pair.server.stream->end();
  run_until(loop, [&] { return pair.client.ended; });
  pair.client.stream->close_after_peer();
  run_until(loop, [&] { return pair.client.closed && pair.server.ended; });
  CHECK(pair.client.why.empty());
}

TEST_CASE("a stream may be let go in each of its callbacks") {
  Loop loop;
  Pair pair(loop);
  SECTION("on_bytes") {
    pair.server.then = [&](Bytes) { pair.server.stream.reset(); };
    pair.client.stream->write(as_bytes("x"));
  }
  SECTION("outside") { pair.server.stream.reset(); }
  SECTION("with bytes queued") {
    pair.client.stream->pause();
    pair.server.stream->write(as_bytes(pattern(4 * 1024 * 1024)));
    pair.server.stream.reset();
    pair.client.stream->resume();
  }
  run_until(loop, [&] { return pair.client.ended || pair.client.closed; });
  CHECK_FALSE(pair.server.closed);
}

TEST_CASE("a peer that takes nothing is given up beyond the hard bound") {
  Loop loop;
  Pair pair(loop);
  pair.client.stream->pause();
  std::string part = pattern(8 * 1024 * 1024);
  for (int i = 0; i < 8; ++i) pair.server.stream->write(as_bytes(part));
  CHECK(pair.server.stream->closing());
  run_until(loop, [&] { return pair.server.closed; });
  CHECK(pair.server.why.find("takes nothing") != std::string::npos);
}

TEST_CASE("a relay keeps a slow reader's backlog within its mark") {
  Loop loop;
  Ear sink;
  std::unique_ptr<test::Relay> relay;
  auto target = Listener::open(loop, {"127.0.0.1"}, 0, {},
                               [&](StreamPtr stream) { sink.take(std::move(stream)); });
  REQUIRE(target.ok());
  auto front = Listener::open(loop, {"127.0.0.1"}, 0, {}, [&](StreamPtr stream) {
    relay =
        std::make_unique<test::Relay>(loop, std::move(stream), test::loopback((*target)->port()));
  });
  REQUIRE(front.ok());
  Ear source;
  Dialer dialer(loop, test::loopback((*front)->port()), 5000, [&](Result<StreamPtr> stream) {
    REQUIRE(stream.ok());
    source.take(std::move(stream).value());
  });
  run_until(loop, [&] { return sink.stream && source.stream; });
  std::string big = pattern(24 * 1024 * 1024);
  sink.stream->pause();
  source.stream->write(as_bytes(big));
  source.stream->end();
  int turns = 0;
  run_until(loop, [&] { return ++turns > 50; });
  CHECK(relay->queued_max() <= kWriteQueueBytesMax + kReadBufferBytes);
  sink.stream->resume();
  run_until(loop, [&] { return sink.ended; });
  CHECK((sink.heard == big));
  sink.stream->write(as_bytes("thanks"));
  sink.stream->end();
  run_until(loop, [&] { return source.closed && relay->done(); });
  CHECK(source.heard == "thanks");
  CHECK(source.why.empty());
}

TEST_CASE("a stream without observer reads nothing and loses nothing") {
  Loop loop;
  Pair pair(loop);
  pair.server.stream->observe(nullptr);
  pair.client.stream->write(as_bytes("early"));
  pair.client.stream->end();
  int turns = 0;
  run_until(loop, [&] { return ++turns > 20; });
  Ear next;
  next.take(std::move(pair.server.stream));
  run_until(loop, [&] { return next.ended; });
  CHECK(next.heard == "early");
}

TEST_CASE("a paused stream hears that its peer has reset, not that it ended its half") {
  Loop loop;
  Pair pair(loop);
  pair.server.stream->pause();
  pair.client.stream->write(as_bytes("unread"));
  SECTION("reset") {
    pair.client.stream->reset();
    run_until(loop, [&] { return pair.server.closed; });
    CHECK(pair.server.why.find("reset") != std::string::npos);
    CHECK(pair.server.heard.empty());
  }
  SECTION("half an end") {
    pair.client.stream->end();
    // Two sweeps and more: long enough for a reset to be seen.
    bool over = false;
    Timer wait(loop, [&] { over = true; });
    wait.start(4 * kSweepPeriodMs);
    run_until(loop, [&] { return over; });
    CHECK_FALSE(pair.server.closed);
    pair.server.stream->resume();
    run_until(loop, [&] { return pair.server.ended; });
    CHECK(pair.server.heard == "unread");
  }
}
