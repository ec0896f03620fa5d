// A spool without room: commands are refused, the session lives on, and works when there is room.
#include "tests/unit/session/exchange_fixture.h"

#include "proto-parsers/postgres/encode.h"

#include <catch2/catch.hpp>  // last: its CHECK is the one meant here

namespace chaperone::session {
namespace {

using Words = std::vector<std::string>;

void fill(spool::Spool& spool) {
  for (std::size_t size : {100'000u, 1'000u, 1u}) {
    while (spool::append_command(spool, 1, std::string(size, 'x')).ok()) continue;
  }
}

void ship(spool::Spool& spool) {
  REQUIRE(spool.sync().ok());
  spool.acknowledge(spool.durable());
}

TEST_CASE("full: every kind of command is refused, nothing leaves, and nobody is hurt") {
  World world;
  fill(*world.spool);
  world.query("SELECT 1");
  CHECK(world.heard() == "E(53100*) Z(I)");
  world.send(extended("SELECT 1"));
  CHECK(world.heard() == "E(53100*) Z(I)");
  std::string parse;
  pg::append_parse(parse, "s", "SELECT 1");
  world.send(parse + sync_message());
  CHECK(world.heard() == "E(53100*) Z(I)");
  world.query("DELETE FROM kept");
  CHECK(world.heard() == "E(53100*) Z(I)");
  CHECK(world.server.executed.empty());
  CHECK(world.all_to_server.find("SELECT 1") == std::string::npos);
  CHECK(world.failure.empty());
  ship(*world.spool);
  world.query("SELECT 1");
  CHECK(world.heard() == "T D C(SELECT 1) Z(I)");
  world.send(parse + sync_message());
  CHECK(world.heard() == "1 Z(I)");
}

// The Parse was taken before its Bind found no room.
TEST_CASE("full: a long statement that is the first to find no room is refused like any other") {
  World world;
  const std::string text = "SELECT 1 -- " + std::string(60'000, 'x');
  while (spool::append_command(*world.spool, 1, std::string(30'000, 'x')).ok()) continue;
  REQUIRE(spool::append_command(*world.spool, 1, "x").ok());
  REQUIRE_FALSE(world.spool->usage().full);  // there is room, but not for this
  world.send(extended(text));
  CHECK(world.heard() == "E(53100*) Z(I)");
  CHECK(world.failure.empty());
  CHECK(world.server.executed.empty());
}

TEST_CASE("full: a statement prepared before, and an open transaction") {
  World world;
  std::string parse, bind;
  pg::append_parse(parse, "s", "SELECT 1");
  pg::append_bind(bind, "", "s", {});
  world.query("BEGIN");
  world.send(parse + sync_message());
  CHECK(world.heard() == "C(BEGIN) Z(T) 1 Z(T)");
  fill(*world.spool);
  world.send(bind + sync_message());
  CHECK(world.heard() == "E(53100*) Z(E)");
  ship(*world.spool);
  world.query("ROLLBACK");
  CHECK(world.heard() == "C(ROLLBACK) Z(I)");
  world.send(bind + sync_message());
  CHECK(world.heard() == "2 Z(I)");
}

}  // namespace
}  // namespace chaperone::session
