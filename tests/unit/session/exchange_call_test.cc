// FunctionCall: a command that names what it runs by number, judged as any other; and commands of the
// simple protocol behind an unfinished group of the extended one.
#include "tests/unit/session/exchange_fixture.h"

#include "proto-parsers/postgres/encode.h"
#include "proto-parsers/postgres/writer.h"

#include <catch2/catch.hpp>  // last: its CHECK is the one meant here

namespace chaperone::session {
namespace {

using Words = std::vector<std::string>;

constexpr std::uint32_t kLoOpen = 952, kLoUnlink = 964, kLoExport = 765, kSetConfig = 2078;

std::string call_message(std::uint32_t function) {
  std::string out;
  pg::MessageWriter(out, pg::FrontendType::kFunctionCall).u32(function).count(0).count(0).u16(0);
  return out;
}

TEST_CASE("function call: judged by what its number runs") {
  World world;
  world.send(call_message(kLoOpen));
  CHECK(world.heard() == "V Z(I)");
  CHECK(world.commands().back() == "1 allow FUNCTION CALL oid 952 with 0 values");
  world.send(call_message(kLoExport));
  CHECK(world.heard() == "E(42501*) Z(I)");
  CHECK(world.server.executed == Words{"FUNCTION CALL oid"});
}

TEST_CASE("function call: a refusal leaves an open transaction failed, and the pipeline whole") {
  World world;
  world.query("BEGIN");
  world.send(call_message(kLoExport) + query_message("ROLLBACK") + call_message(kLoOpen));
  CHECK(world.heard() == "C(BEGIN) Z(T) E(42501*) Z(E) C(ROLLBACK) Z(I) V Z(I)");
}

TEST_CASE("function call: behind one that may change settings nothing is judged") {
  World world;
  world.send(call_message(kSetConfig) + query_message("SELECT 1"));
  CHECK(world.server.settings_asked == 1);
  CHECK(world.heard() == "V Z(I) T D C(SELECT 1) Z(I)");
  CHECK_FALSE(world.exchange->stateless());
}

TEST_CASE("function call: skipped by the server, skipped here") {
  World world;
  world.send(extended_unsynced("SELECT 1/0") + call_message(kLoUnlink) + sync_message());
  CHECK(world.heard() == "1 2 E(22012) Z(I)");
  CHECK(world.server.executed == Words{"SELECT 1/0"});
}

// The server runs the Execute before it reads the Query: what the Query means is not known yet.
TEST_CASE("barrier: a Query behind an unfinished group that changes how text is read") {
  const std::string hidden = "SELECT 'a\\''; DELETE FROM kept; --'";
  World plain;
  plain.query(hidden);
  CHECK(plain.heard().find('*') == std::string::npos);
  World world;
  world.send(extended_unsynced("SET standard_conforming_strings TO off") + query_message(hidden) +
             query_message("SELECT 1"));
  CHECK(world.server.executed.size() == 2);
  CHECK(world.heard() == "1 2 S C(SET) E(55000*) Z(I) T D C(SELECT 1) Z(I)");
}

TEST_CASE("barrier: a FunctionCall behind an unfinished group that defines what it runs") {
  World world;
  world.send(extended_unsynced("CREATE TABLE t (a int)") + call_message(kLoOpen));
  CHECK(world.heard() == "1 2 C(CREATE) E(55000*) Z(I)");
}

}  // namespace
}  // namespace chaperone::session
