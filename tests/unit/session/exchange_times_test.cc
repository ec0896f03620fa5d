// Since when something is owed: what `times.statement` and `times.idle` go by.
#include "tests/unit/session/exchange_fixture.h"

#include "proto-parsers/postgres/encode.h"

#include <catch2/catch.hpp>  // last: its CHECK is the one meant here

namespace chaperone::session {
namespace {

bool nothing_owed(const World& world) {
  return !world.exchange->owed_since_ns() && world.exchange->owes_nothing();
}

TEST_CASE("times: who merely stands in a transaction is owed nothing") {
  World world;
  world.query("BEGIN");
  CHECK(nothing_owed(world));
  world.query("SELECT 1");
  CHECK(nothing_owed(world));
  std::string bound;  // and not executed
  pg::append_parse(bound, "", "SELECT 1");
  pg::append_bind(bound, "p", "", {});
  world.send(bound + sync_message());
  CHECK(nothing_owed(world));
  world.query("DELETE FROM kept");  // refused: the transaction has failed
  CHECK(nothing_owed(world));
  CHECK_FALSE(world.exchange->at_rest());
}

TEST_CASE("times: a command's clock is not renewed by the bytes of either side") {
  World world;
  world.query("COPY t FROM STDIN");
  auto since = world.exchange->owed_since_ns();
  REQUIRE(since);
  for (int i = 0; i < 3; ++i) world.send(copy_data("1\n"));
  std::string notice;
  pg::append_parameter_status(notice, "application_name", "x");
  world.exchange->on_server(as_bytes(notice));
  CHECK(world.exchange->owed_since_ns() == since);
  CHECK_FALSE(world.exchange->owes_nothing());
  world.send(copy_done());
  CHECK(nothing_owed(world));
}

TEST_CASE("times: what is sent behind a command does not renew its clock, its end does") {
  World world;
  world.feed(query_message("SELECT 1"));
  auto first = world.exchange->owed_since_ns();
  world.feed(query_message("SELECT 2"));
  CHECK(world.exchange->owed_since_ns() == first);
  std::string replies = std::exchange(world.server.replies, {});
  std::string_view one = std::string_view(replies).substr(0, replies.size() / 2);
  world.exchange->on_server(as_bytes(one));
  CHECK(world.heard() == "T D C(SELECT 1) Z(I)");
  CHECK(world.exchange->owed_since_ns() > first);
  world.exchange->on_server(as_bytes(replies).subspan(one.size()));
  CHECK(nothing_owed(world));
}

TEST_CASE("times: a question of our own is a wait like any other") {
  World world;
  world.feed(query_message("SET search_path TO o"));
  std::string answer = std::exchange(world.server.replies, {});
  world.exchange->on_server(as_bytes(answer));
  CHECK(world.server.settings_asked == 1);
  CHECK(world.exchange->owed_since_ns());
  CHECK_FALSE(world.exchange->owes_nothing());
  world.settle();
  CHECK(nothing_owed(world));
}

}  // namespace
}  // namespace chaperone::session
