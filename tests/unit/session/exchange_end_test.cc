// The end of a session in the client's words, and names that the server would cut.
#include "tests/unit/session/exchange_fixture.h"

#include "proto-parsers/postgres/encode.h"

#include <catch2/catch.hpp>  // last: its CHECK is the one meant here

namespace chaperone::session {
namespace {

using Words = std::vector<std::string>;

std::string terminate_message() {
  std::string out;
  pg::append_terminate(out);
  return out;
}

TEST_CASE("terminate: nothing behind it is judged, recorded or sent, at every split") {
  for (std::size_t chunk : {std::size_t{1}, std::size_t{3}, std::size_t{64}, SIZE_MAX}) {
    World world({.client_chunk = chunk});
    world.send(query_message("SELECT 1"));
    world.send(terminate_message() + query_message("DELETE FROM kept") + terminate_message() +
               "garbage that is no message at all");
    world.settle();
    CHECK(world.terminations == 1);
    CHECK(world.server.executed == Words{"SELECT 1"});
    CHECK(world.commands() == Words{"1 allow SELECT 1"});
    CHECK(world.failure.empty());
    CHECK(world.exchange->at_rest());
  }
}

TEST_CASE("terminate: behind a command that still runs it goes to the server, and nothing more") {
  World world;
  world.send(query_message("SELECT 1") + terminate_message() + query_message("SELECT 2"));
  CHECK(world.terminations == 1);
  CHECK(world.server.executed == Words{"SELECT 1"});
  CHECK(world.server.ended);
  CHECK_FALSE(world.exchange->stateless());
  world.send(query_message("SELECT 3"));
  CHECK(world.commands() == Words{"1 allow SELECT 1"});
}

TEST_CASE("terminate: behind a command whose record is not durable yet") {
  World world({.durable_at_once = false});
  world.send(query_message("CREATE TABLE t (a int)") + terminate_message() + query_message("SELECT 2"));
  CHECK(world.terminations == 0);  // not read yet
  world.durable();
  world.settle();
  CHECK(world.terminations == 1);
  CHECK(world.server.executed == Words{"CREATE TABLE t (a int)"});
}

TEST_CASE("terminate: while COPY data is expected") {
  World world;
  world.query("COPY other FROM STDIN");
  world.send(copy_data("1\n") + terminate_message() + query_message("SELECT 1"));
  CHECK(world.terminations == 1);
  CHECK(world.server.ended);
  CHECK(world.server.executed == Words{"COPY other FROM STDIN"});
}

// To the server both are one name: the first 63 bytes.
TEST_CASE("names: two that the server cannot tell apart") {
  World world;
  const std::string a = std::string(63, 'x') + "A", b = std::string(63, 'x') + "B";
  std::string out;
  pg::append_parse(out, a, "SELECT 1");
  pg::append_sync(out);
  pg::append_close(out, false, b);
  pg::append_sync(out);
  pg::append_parse(out, b, "DELETE FROM other");
  pg::append_sync(out);
  pg::append_bind(out, a, a, {});
  pg::append_sync(out);
  world.send(out);
  CHECK(world.heard() == "E(42622*) Z(I) E(42622*) Z(I) E(42622*) Z(I) E(42622*) Z(I)");
  out.clear();
  pg::append_parse(out, a.substr(0, 63), "SELECT 1");
  pg::append_sync(out);
  world.send(out);
  CHECK(world.heard() == "1 Z(I)");
}

}  // namespace
}  // namespace chaperone::session
