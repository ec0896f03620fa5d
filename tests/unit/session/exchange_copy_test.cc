// COPY FROM STDIN: data flows without being judged, so no command may look like data, and no data
// like a command.
#include "tests/unit/session/exchange_fixture.h"

#include "proto-parsers/postgres/encode.h"

#include <catch2/catch.hpp>  // last: its CHECK is the one meant here

namespace chaperone::session {
namespace {

using Words = std::vector<std::string>;

TEST_CASE("copy: data passes, and the next command is judged") {
  World world;
  world.query("COPY t FROM STDIN");
  CHECK(world.heard() == "G");
  world.send(copy_data("1\n") + copy_data("2\n") + copy_done());
  CHECK(world.heard() == "C(COPY 1) Z(I)");
  world.query("DELETE FROM kept");
  CHECK(world.heard() == "E(42501*) Z(I)");
  CHECK(world.server.executed == Words{"COPY t FROM STDIN"});
}

TEST_CASE("copy: pipelined whole behind another query, at every split of the answers") {
  for (std::size_t chunk : {std::size_t{1}, std::size_t{6}, std::size_t{40}, SIZE_MAX}) {
    World world({.server_chunk = chunk});
    world.send(query_message("SELECT 1") + query_message("COPY t FROM STDIN") + copy_data("1\n") +
               copy_done() + query_message("SELECT 2"));
    world.settle();
    CHECK(world.heard() == "T D C(SELECT 1) Z(I) G C(COPY 1) Z(I) T D C(SELECT 1) Z(I)");
    CHECK(world.server.copied == copy_data("1\n"));
    CHECK(world.failure.empty());
  }
}

TEST_CASE("copy: in the extended protocol, with the Sync that comes too early") {
  World world;
  world.send(extended("COPY t FROM STDIN"));
  CHECK(world.heard() == "1 2 G");
  world.send(copy_data("1\n") + copy_done() + sync_message());
  CHECK(world.heard() == "C(COPY 1) Z(I)");
  CHECK(world.exchange->at_rest());
  CHECK(world.server.executed == Words{"COPY t FROM STDIN"});
}

TEST_CASE("copy: a command within it ends the session, and never leaves") {
  World world;
  world.query("COPY t FROM STDIN");
  world.query("SELECT 1");
  CHECK(world.failure.starts_with("protocol_violation"));
  CHECK(world.server.executed == Words{"COPY t FROM STDIN"});
}

TEST_CASE("copy: the client gives up") {
  World world;
  world.query("COPY t FROM STDIN");
  std::string fail;
  pg::append_copy_fail(fail, "no more");
  world.send(copy_data("1\n") + fail);
  CHECK(world.heard() == "G E(57014) Z(I)");
  CHECK(world.outcomes() == Words{"1 error"});
}

// A payload that reads as a command where someone has lost the framing.
const std::string kTrap = query_message("DELETE FROM kept");

TEST_CASE("copy: fails while a CopyData is half-way, at every point of it") {
  const std::string data = copy_data(kTrap + kTrap + kTrap);
  for (std::string_view begin : {"COPY t FROM STDIN", "SET search_path TO o; COPY public.t FROM STDIN"}) {
    for (std::size_t cut = 1; cut < data.size(); ++cut) {
      World world;
      world.query(begin);
      REQUIRE(world.exchange->client_blocked() == false);
      world.send(data.substr(0, cut));
      world.server.fail_copy();
      world.settle();
      // The client has not seen the error yet and goes on.
      world.send(data.substr(cut) + copy_data(kTrap) + copy_done() + query_message("SELECT 1"));
      INFO(begin << ", cut at " << cut);
      REQUIRE(world.server.executed.back() == "SELECT 1");
      CHECK(world.server.executed.size() == (begin.starts_with("SET") ? 3u : 2u));
      CHECK(world.failure.empty());
      CHECK(world.exchange->at_rest());
      CHECK(world.server.settings_asked == (begin.starts_with("SET") ? 1 : 0));
    }
  }
}

TEST_CASE("copy: behind a SET of the same query data flows, and nothing else") {
  World world;
  world.query("SET search_path TO o; COPY public.t FROM STDIN");
  CHECK(world.heard() == "C(SET) G");
  world.exchange->on_client(as_bytes(copy_data("1\n") + copy_done() + query_message("SELECT 1")));
  CHECK(world.server.executed.size() == 2);  // the query waits
  world.settle();
  CHECK(world.server.settings_asked == 1);
  CHECK(world.heard() == "C(COPY 1) Z(I) T D C(SELECT 1) Z(I)");
}

TEST_CASE("copy: two in one query") {
  World world;
  world.query("COPY t FROM STDIN; COPY u FROM STDIN");
  world.send(copy_data("1\n") + copy_done());
  CHECK(world.heard() == "G C(COPY 1) G");
  world.send(copy_data("2\n") + copy_done());
  CHECK(world.heard() == "C(COPY 1) Z(I)");
  CHECK(world.outcomes() == Words{"1 ok"});
}

TEST_CASE("copy: two in one query, all their data sent ahead, at every split") {
  const std::string all = query_message("COPY t FROM STDIN; COPY u FROM STDIN; SELECT 1") +
                          copy_data("1\n") + copy_done() + copy_data("2\n") + copy_done() +
                          query_message("SELECT 2");
  for (std::size_t chunk : {std::size_t{1}, std::size_t{7}, SIZE_MAX}) {
    World world({.client_chunk = chunk, .server_chunk = chunk});
    world.send(all);
    world.settle();
    CHECK(world.heard() == "G C(COPY 1) G C(COPY 1) T D C(SELECT 1) Z(I) T D C(SELECT 1) Z(I)");
    CHECK(world.server.copied == copy_data("1\n") + copy_data("2\n"));
    CHECK(world.failure.empty());
    CHECK(world.exchange->at_rest());
  }
}

TEST_CASE("copy: the first of two in one query fails, and the data of both goes nowhere") {
  World world;
  world.query("COPY t FROM STDIN; COPY u FROM STDIN");
  std::string fail;
  pg::append_copy_fail(fail, "no more");
  world.send(copy_data("1\n") + fail + copy_data(kTrap) + copy_done() + query_message("SELECT 1"));
  CHECK(world.heard() == "G E(57014) Z(I) T D C(SELECT 1) Z(I)");
  CHECK(world.server.executed == Words{"COPY t FROM STDIN", "SELECT 1"});
  CHECK(world.exchange->at_rest());
}

TEST_CASE("copy: data that no COPY asked for goes nowhere") {
  World world;
  world.send(copy_data(kTrap) + query_message("SELECT 1"));
  CHECK(world.server.executed == Words{"SELECT 1"});
  CHECK(world.all_to_server == query_message("SELECT 1"));
}

}  // namespace
}  // namespace chaperone::session
