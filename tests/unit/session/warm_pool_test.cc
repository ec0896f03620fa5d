// Connections that are logged in before anyone asks: which are given out, and which are not.
#include "proto-parsers/postgres/encode.h"
#include "sidecar/session/credential.h"
#include "tests/unit/session/exchange_fixture.h"
#include "tests/unit/session/worker_fixture.h"

#include <catch2/catch.hpp>  // last: its CHECK is the one meant here

namespace chaperone::session {
namespace {

const std::string kAll = "rules: [{name: all, action: allow}]\n";

std::string shop(const std::string& more) {
  return "protocol: postgres, tls: off, logins: [{user: app, role: app}], " + more;
}

// The first that is ready. Each question may open others.
std::unique_ptr<PostgresUpstream> taken(WorkerWorld& world) {
  std::unique_ptr<PostgresUpstream> upstream;
  world.run_until([&] { return (upstream = world.worker->warm.take(world.plan())) != nullptr; });
  return upstream;
}

// Until as many are logged in as the pool opens ahead.
void warm_up(WorkerWorld& world, std::size_t count) {
  CHECK(world.worker->warm.take(world.plan()) == nullptr);
  world.run_until([&] {
    std::size_t ready = 0;
    for (const auto& one : world.server.connections) ready += one->server.settings_asked > 0;
    return ready == count;
  });
}

TEST_CASE("warm: the first session waits, the next does not") {
  WorkerWorld world(shop("warm: {mode: fresh, max: 2}"), kAll);
  warm_up(world, 2);
  CHECK(world.worker->metrics.warm_misses == 1);
  auto upstream = taken(world);
  CHECK(upstream->usable());
  CHECK(upstream->settings().role == "app");
  CHECK(world.worker->metrics.warm_hits == 1);
  CHECK(world.worker->warm.size() <= 2);
}

TEST_CASE("warm: none where the resource says so") {
  WorkerWorld world(shop("warm: off"), kAll);
  CHECK(world.worker->warm.take(world.plan()) == nullptr);
  CHECK(world.worker->warm.size() == 0);
}

TEST_CASE("warm: a login under another credential is closed") {
  spool::TempDir dir(spool::On::kMemory);
  spool::spill(dir / "user", "app");
  WorkerWorld world(
      shop("warm: {mode: fresh, max: 1}, credential: {user_file: \"" + (dir / "user") + "\"}"),
      kAll);
  warm_up(world, 1);
  spool::spill(dir / "user", "another");
  auto upstream = taken(world);
  CHECK(upstream->credential_version() == credential_version(world.resource().credential));
  CHECK(world.server.startup_said("another"));
  world.run_until([&] { return world.server.connections[0]->stream == nullptr; });
}

// A login that failed is told in the next turn: whoever opened it may have closed it by then, or be
// gone with it (a worker's last turn).
TEST_CASE("upstream: that a login failed is not told to who has closed it, or let go of it") {
  for (bool let_go : {false, true}) {
    WorkerWorld world(shop("warm: off, credential: {password_file: /nowhere}"), kAll);
    auto upstream = std::make_unique<PostgresUpstream>(*world.worker, world.plan());
    bool told = false, over = false;
    upstream->open([&](const UpstreamFailure*) { told = true; });
    std::function<void()> look = [&] {
      if (upstream->credential_version().empty()) return world.loop.soon(look);
      if (let_go)
        upstream.reset();
      else
        upstream->close();
      world.loop.soon([&] { over = true; });  // behind what was to be told
    };
    world.loop.soon(look);
    world.run_until([&] { return over; });
    CHECK_FALSE(told);
  }
}

TEST_CASE("warm: one that the server ended while it waited is not given out") {
  WorkerWorld world(shop("warm: {mode: fresh, max: 1}"), kAll);
  warm_up(world, 1);
  world.server.connections[0]->stream->close();
  bool given_dead = false;
  world.run_until([&] {
    auto upstream = world.worker->warm.take(world.plan());
    given_dead |= upstream && !upstream->usable();
    return upstream && world.server.connections.size() > 1;
  });
  CHECK_FALSE(given_dead);
}

TEST_CASE("warm: fresh connections serve one session") {
  WorkerWorld world(shop("warm: {mode: fresh, max: 1}"), kAll);
  auto upstream = taken(world);
  world.worker->warm.give_back(std::move(upstream));
  CHECK(world.worker->metrics.warm_closed == 1);
  CHECK(world.worker->metrics.warm_kept == 0);
}

TEST_CASE("warm: reuse cleans, looks, and gives the same one again") {
  WorkerWorld world(shop("warm: {mode: reuse, max: 2}"), kAll);
  auto upstream = taken(world);
  PostgresUpstream* same = upstream.get();
  world.worker->warm.give_back(std::move(upstream));
  world.run_until([&] { return world.worker->metrics.warm_kept == 1; });
  CHECK(world.server.executed("/* chaperone:clean */ DISCARD ALL"));
  bool again = false;
  for (int i = 0; i < 2; ++i) {
    auto next = world.worker->warm.take(world.plan());
    again |= next.get() == same;
  }
  CHECK(again);
}

TEST_CASE("warm: one that does not stand as after its login is closed") {
  WorkerWorld world(shop("warm: {mode: reuse, max: 2}"), kAll);
  auto upstream = taken(world);
  for (const auto& one : world.server.connections) one->server.search_path = "left_behind";
  world.worker->warm.give_back(std::move(upstream));
  world.run_until([&] { return world.worker->metrics.warm_closed == 1; });
  CHECK(world.worker->metrics.warm_kept == 0);
}

// What a session says: its login, `text` (if any), Terminate.
void whole_session(WorkerWorld& world, std::string_view text) {
  auto ready = [](const std::string& heard) {
    return heard.size() > 6 && heard.substr(heard.size() - 6, 5) == std::string_view("Z\0\0\0\5", 5);
  };
  net::test::Ear& client = world.dial_postgres();
  client.stream->write(as_bytes(startup_packet("app")));
  world.run_until([&] { return ready(client.heard); });
  std::size_t greeted = client.heard.size();
  client.stream->write(as_bytes(query_message(text)));
  world.run_until([&] { return client.heard.size() > greeted && ready(client.heard); });
  std::string terminate;
  pg::append_terminate(terminate);
  client.stream->write(as_bytes(terminate));
  client.stream->end();
  world.run_until([&] { return client.closed && world.worker->sessions.empty(); });
}

TEST_CASE("warm: a session that left state behind gives nothing back") {
  for (const char* text : {"SET search_path TO other", "PREPARE p AS SELECT 1", "BEGIN"}) {
    WorkerWorld world(shop("warm: {mode: reuse, max: 2}"), kAll);
    whole_session(world, text);
    INFO(text);
    CHECK(world.worker->metrics.warm_returned == 0);
  }
  WorkerWorld world(shop("warm: {mode: reuse, max: 2}"), kAll);
  whole_session(world, "SELECT 1");
  CHECK(world.worker->metrics.warm_returned == 1);
}

TEST_CASE("warm: a new policy ends all that wait") {
  WorkerWorld world(shop("warm: {mode: fresh, max: 2}"), kAll);
  warm_up(world, 2);
  world.use_policy(kAll);
  CHECK(world.worker->warm.size() == 0);
  world.run_until([&] { return world.server.open() == 0; });
}

}  // namespace
}  // namespace chaperone::session
