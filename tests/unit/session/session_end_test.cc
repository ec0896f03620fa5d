// What all sessions of a loop may hold together, and how soon one that is cut is gone.
#include "tests/unit/session/exchange_fixture.h"
#include "tests/unit/session/worker_fixture.h"

#include "proto-parsers/postgres/encode.h"
#include "proto-parsers/postgres/writer.h"

#include <catch2/catch.hpp>  // last: its CHECK is the one meant here

namespace chaperone::session {
namespace {

const std::string kShop =
    "protocol: postgres, tls: off, warm: off, logins: [{user: app, role: app}]";
const std::string kAll = "rules: [{name: all, action: allow}]\n";
const std::string kReady("Z\0\0\0\5I", 6);

void say(net::test::Ear& client, const std::string& bytes) {
  client.stream->write(as_bytes(bytes));
}

net::test::Ear& open_session(WorkerWorld& world) {
  net::test::Ear& client = world.dial_postgres();
  say(client, startup_packet("app"));
  world.run_until([&] { return client.heard.ends_with(kReady); });
  client.heard.clear();
  return client;
}

TEST_CASE("sessions: what they hold of half commands is bounded in sum, and given back") {
  WorkerWorld world(kShop, kAll);
  world.config.limits.held_bytes_max = 100'000;
  const std::string whole = query_message("SELECT 1 -- " + std::string(70'000, 'x'));
  const std::string half = whole.substr(0, 60'000);
  net::test::Ear& first = open_session(world);
  net::test::Ear& second = open_session(world);
  say(first, half);
  world.run_until([&] { return world.worker->held_bytes == half.size(); });
  say(second, half);
  world.run_until([&] { return second.heard.ends_with(kReady); });
  CHECK(second.heard.find("limits.held_bytes_max allows (100000)") != std::string::npos);
  CHECK(world.worker->held_bytes == half.size());
  CHECK(world.worker->denials.all().size() == 1);
  second.heard.clear();
  say(second, whole.substr(half.size()) + query_message("SELECT 2"));
  world.run_until([&] { return second.heard.ends_with(kReady); });
  say(first, whole.substr(half.size()));
  world.run_until([&] { return first.heard.ends_with(kReady); });
  CHECK(first.heard.find("limits.") == std::string::npos);
  CHECK(world.worker->held_bytes == 0);
  say(first, half);
  world.run_until([&] { return world.worker->held_bytes == half.size(); });
  first.stream->close();
  world.run_until([&] { return world.worker->sessions.size() == 1; });
  CHECK(world.worker->held_bytes == 0);
}

TEST_CASE("sessions: one that is cut does not wait for a client that does not read") {
  WorkerWorld world(kShop, kAll);
  net::test::Ear& client = open_session(world);
  client.stream->pause();
  std::string notice;
  pg::MessageWriter(notice, pg::BackendType::kNotificationResponse)
      .u32(1)
      .text("channel")
      .text(std::string(1'000'000, 'x'));
  // More than the kernel takes for one that does not read.
  for (int i = 0; i < 16; ++i) world.server.connections[0]->stream->write(as_bytes(notice));
  world.run_until([&] { return world.worker->metrics.bytes_to_client > 1'000'000; });
  bool late = false;
  net::Timer flush(world.loop,
                   [&] { late = true; });  // well before a flush that nobody hurries ends
  world.worker->drain();
  world.run_until([&] { return world.worker->sessions.size() == 1; });
  Session& session = *world.worker->sessions.begin()->second;
  flush.start(4000);
  session.kill("drain_deadline");
  session.kill("drain_deadline");
  world.run_until([&] { return world.worker->sessions.empty(); });
  CHECK_FALSE(late);
}

TEST_CASE("sessions: a command that takes too long ends, whatever bytes pass meanwhile") {
  WorkerWorld world(kShop, kAll);
  net::test::Ear& client = open_session(world);
  world.config.times.statement_ms = 300;
  say(client, query_message("COPY t FROM STDIN"));
  net::Timer dribble(world.loop, [&] {
    if (client.stream) say(client, copy_data("1\n"));
  });
  dribble.start(10, 10);
  world.run_until([&] { return client.closed || client.ended; });
  CHECK(client.heard.find("57014") != std::string::npos);
  CHECK(client.heard.find("times.statement allows (300ms)") != std::string::npos);
}

TEST_CASE("sessions: who stands idle in a transaction ends by times.idle, and by nothing else") {
  WorkerWorld world(kShop, kAll);
  net::test::Ear& client = open_session(world);
  say(client, query_message("BEGIN"));
  world.run_until([&] { return client.heard.ends_with("T"); });
  world.config.times.statement_ms = 1;
  world.config.times.idle_ms = 700;
  world.run_until([&] { return client.closed || client.ended; });
  CHECK(client.heard.find("25P03") != std::string::npos);
  CHECK(client.heard.find("57014") == std::string::npos);
}

}  // namespace
}  // namespace chaperone::session
