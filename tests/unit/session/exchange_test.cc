// The gate between a client and a server: what passes, what is refused, and in which state that
// leaves both.
#include "tests/unit/session/exchange_fixture.h"

#include "proto-parsers/postgres/encode.h"

#include <catch2/catch.hpp>  // last: its CHECK is the one meant here

namespace chaperone::session {
namespace {

using Words = std::vector<std::string>;

TEST_CASE("exchange: an allowed query passes unchanged") {
  World world;
  world.query("SELECT 1");
  CHECK(world.all_to_server == query_message("SELECT 1"));
  CHECK(world.heard() == "T D C(SELECT 1) Z(I)");
  CHECK(world.commands() == Words{"1 allow SELECT 1"});
  CHECK(world.outcomes() == Words{"1 ok"});
  CHECK(world.exchange->at_rest());
  CHECK(world.exchange->stateless());
}

TEST_CASE("exchange: a refused query in each state of a transaction") {
  World world;
  world.query("DELETE FROM kept");
  CHECK(world.heard() == "E(42501*) Z(I)");
  world.query("BEGIN");
  world.query("DELETE FROM kept");
  CHECK(world.heard() == "C(BEGIN) Z(T) E(42501*) Z(E)");
  world.query("DELETE FROM kept");
  CHECK(world.heard() == "E(42501*) Z(E)");
  world.query("ROLLBACK");
  CHECK(world.heard() == "C(ROLLBACK) Z(I)");
  CHECK(world.server.executed == Words{"BEGIN", "ROLLBACK"});
  CHECK(world.refusals == 3);
  CHECK(world.commands().at(0) == "1 deny DELETE FROM kept");
}

TEST_CASE("exchange: a refusal in the extended protocol is silent to the Sync") {
  World world;
  world.send(extended("DELETE FROM kept"));
  CHECK(world.heard() == "E(42501*) Z(I)");
  CHECK(world.server.executed.empty());
  world.send(extended("SELECT 1"));
  CHECK(world.heard() == "1 2 D C(SELECT 1) Z(I)");
  CHECK(world.failure.empty());
}

TEST_CASE("exchange: pipelined groups, one of them refused") {
  World world;
  world.send(extended("SELECT 1") + extended("DELETE FROM kept") + extended("SELECT 2"));
  CHECK(world.heard() == "1 2 D C(SELECT 1) Z(I) E(42501*) Z(I) 1 2 D C(SELECT 1) Z(I)");
  CHECK(world.server.executed == Words{"SELECT 1", "SELECT 2"});
}

TEST_CASE("exchange: a refusal inside a batch stops the batch") {
  World world;
  world.send(extended_unsynced("SELECT 1") + extended_unsynced("DELETE FROM kept") +
             extended_unsynced("SELECT 2") + sync_message());
  CHECK(world.heard() == "1 2 D C(SELECT 1) E(42501*) Z(I)");
  CHECK(world.server.executed == Words{"SELECT 1"});
}

// A refusal that the server's skipping swallowed must not be told in the place of the next one.
TEST_CASE("exchange: each refusal tells of its own rule") {
  World world;
  world.send(extended_unsynced("SELECT 1/0") + extended_unsynced("GRANT app TO agent") +
             sync_message() + query_message("DELETE FROM kept"));
  CHECK(world.heard() == "1 2 E(22012) Z(I) E(42501*) Z(I)");
  CHECK(world.all_to_client.find("refused by rule \"kept-stays\"") != std::string::npos);
  CHECK(world.all_to_client.find("refused by rule \"default\"") == std::string::npos);
}

}  // namespace
}  // namespace chaperone::session
