// What the operator allows one session to hold; beyond it a command is refused, or waits.
#include "tests/unit/session/exchange_fixture.h"

#include "proto-parsers/postgres/encode.h"

#include <catch2/catch.hpp>  // last: its CHECK is the one meant here

namespace chaperone::session {
namespace {

const std::string kFlush("H\0\0\0\4", 5);

std::string named_parse(const std::string& name) {
  std::string out;
  pg::append_parse(out, name, "SELECT 1");
  return out;
}

TEST_CASE("limits: a text longer than allowed is refused, and the session lives") {
  World world({.limits = {.frontend = {.statement_bytes = 100}}});
  world.query("SELECT 1 -- " + std::string(200, 'x'));
  CHECK(world.heard() == "E(54000*) Z(I)");
  world.query("SELECT 1");
  CHECK(world.heard() == "T D C(SELECT 1) Z(I)");
}

TEST_CASE("limits: more prepared statements than allowed are refused") {
  World world({.limits = {.prepared_statements = 2}});
  world.send(named_parse("a") + named_parse("b") + sync_message());
  CHECK(world.heard() == "1 1 Z(I)");
  world.send(named_parse("c") + sync_message());
  CHECK(world.heard() == "E(54000*) Z(I)");
}

// A real server keeps its answers back until a Sync or Flush: without one, the client's Sync would
// wait here for answers that wait for it.
TEST_CASE("limits: a pipeline that is full asks the server for its answers, and goes on") {
  for (std::size_t depth : {std::size_t{1}, std::size_t{2}, std::size_t{4}}) {
    World world({.limits = {.pipeline_depth = depth}});
    std::string group;
    for (int i = 0; i < 5; ++i) group += extended_unsynced("SELECT 1");
    world.feed(group + sync_message());
    CHECK(world.exchange->client_blocked());
    CHECK(world.all_to_server.ends_with(kFlush));
    world.settle();
    CHECK(world.heard() == "1 2 D C(SELECT 1) 1 2 D C(SELECT 1) 1 2 D C(SELECT 1) "
                           "1 2 D C(SELECT 1) 1 2 D C(SELECT 1) Z(I)");
    CHECK(world.exchange->at_rest());
  }
}

}  // namespace
}  // namespace chaperone::session
