// Behind a statement that may change how text is read, nothing is judged until the server has said
// how it reads now; and what it says to us is not the client's.
#include "tests/unit/session/exchange_fixture.h"

#include "proto-parsers/postgres/encode.h"

#include <catch2/catch.hpp>  // last: its CHECK is the one meant here

namespace chaperone::session {
namespace {

using Words = std::vector<std::string>;

TEST_CASE("barrier: after SET the next query waits for the settings, at every split") {
  for (std::size_t chunk : {std::size_t{1}, std::size_t{2}, std::size_t{7}, std::size_t{64}, SIZE_MAX}) {
    World world({.server_chunk = chunk});
    world.exchange->on_client(
        as_bytes(query_message("SET search_path TO other") + query_message("SELECT 1")));
    CHECK(world.server.executed == Words{"SET search_path TO other"});
    CHECK(world.exchange->client_blocked());
    CHECK_FALSE(world.exchange->at_rest());
    world.settle();
    CHECK(world.server.settings_asked == 1);
    CHECK(world.server.executed.size() == 2);
    CHECK(world.heard() == "C(SET) Z(I) T D C(SELECT 1) Z(I)");
    CHECK(world.all_to_client.find("search_path") == std::string::npos);
    CHECK(world.exchange->at_rest());
    CHECK_FALSE(world.exchange->stateless());
  }
}

TEST_CASE("barrier: the statement is read as the server reads it now") {
  World world;
  // With backslashes as escapes the quote does not end the string, and no DELETE is there.
  const std::string text = "SELECT 'a\\'; DELETE FROM kept; --'";
  world.query(text);
  CHECK(world.heard() == "E(42501*) Z(I)");
  world.query("SET standard_conforming_strings TO off");
  world.query(text);
  CHECK(world.server.executed.size() == 2 + 2);  // the fake one knows no strings: it splits at "; "
  CHECK(world.commands().back() == "3 allow " + text);
}

TEST_CASE("barrier: within a group of the extended protocol") {
  World world;
  world.send(extended_unsynced("SET search_path TO other") + extended("SELECT 1"));
  CHECK(world.heard() == "1 2 C(SET) E(55000*) Z(I)");
  CHECK(world.server.settings_asked == 1);
  world.send(extended("SELECT 2"));
  CHECK(world.heard() == "1 2 D C(SELECT 1) Z(I)");
}

// What was judged at its Parse would run under what the statement before it has just changed.
TEST_CASE("barrier: a Bind of what was prepared before") {
  World world;
  std::string parse, bind;
  pg::append_parse(parse, "s", "SELECT 1");
  world.send(parse + sync_message());
  pg::append_bind(bind, "", "s", {});
  pg::append_execute(bind, "");
  world.send(extended_unsynced("SET search_path TO other") + bind + sync_message());
  CHECK(world.heard() == "1 Z(I) 1 2 C(SET) E(55000*) Z(I)");
  CHECK(world.server.executed == Words{"SET search_path TO other"});
  world.send(bind + sync_message());
  CHECK(world.heard() == "2 D C(SELECT 1) Z(I)");
}

TEST_CASE("barrier: a change in a transaction is asked about again when it ends") {
  World world;
  world.query("BEGIN");
  world.query("SET search_path TO other");
  CHECK(world.server.settings_asked == 1);
  world.query("SELECT 1/0");
  CHECK(world.server.status == 'E');
  world.query("ROLLBACK");
  CHECK(world.server.settings_asked == 2);
  CHECK(world.heard() == "C(BEGIN) Z(T) C(SET) Z(T) E(22012) Z(E) C(ROLLBACK) Z(I)");
}

TEST_CASE("barrier: a server that does not tell ends the session") {
  World world;
  world.server.settings_fail = true;
  world.query("SET search_path TO other");
  CHECK(world.failure.starts_with("settings:"));
}

std::string flush_message() {
  std::string out;
  pg::append_flush(out);
  return out;
}

// Our question within it would be skipped with it, and waited for for ever.
TEST_CASE("barrier: nothing is asked of a server that skips to Sync") {
  World world;
  world.send(extended_unsynced("SET search_path TO other") + extended_unsynced("SELECT 1") + flush_message());
  CHECK(world.heard() == "1 2 C(SET) E(55000*)");
  CHECK(world.server.settings_asked == 0);
  world.send(sync_message());
  CHECK(world.heard() == "Z(I)");
  CHECK(world.server.settings_asked == 1);
}

TEST_CASE("barrier: a Query that the server skips") {
  World world;
  world.send(extended_unsynced("SELECT 1/0") + query_message("SET search_path TO other") +
             sync_message() + query_message("SELECT 9"));
  CHECK(world.heard() == "1 2 E(22012) Z(I) T D C(SELECT 1) Z(I)");
  CHECK(world.server.executed == Words{"SELECT 1/0", "SELECT 9"});
}

TEST_CASE("barrier: a group that was flushed is not ended by our question") {
  World world;
  std::string parse;
  pg::append_parse(parse, "s", "SET search_path TO other");
  world.send(parse + sync_message());
  std::string run;
  pg::append_bind(run, "", "s", {});
  pg::append_execute(run, "");
  world.send(run + flush_message());
  CHECK(world.heard() == "1 Z(I) 2 C(SET)");
  CHECK(world.server.settings_asked == 0);
  world.send(sync_message());
  CHECK(world.heard() == "Z(I)");
  CHECK(world.server.settings_asked == 1);
}

// Its error takes the setting back before the client could know.
TEST_CASE("barrier: in a transaction that changed settings each command is waited for") {
  World world;
  world.query("BEGIN");
  world.query("SET search_path TO other");
  world.exchange->on_client(as_bytes(query_message("SELECT 1") + query_message("SELECT 2")));
  CHECK(world.server.executed.back() == "SELECT 1");
  world.settle();
  CHECK(world.server.executed.back() == "SELECT 2");
  world.exchange->on_client(as_bytes(extended("SELECT 3") + extended("SELECT 4")));
  CHECK(world.server.executed.back() == "SELECT 3");
  world.settle();
  CHECK(world.server.executed.back() == "SELECT 4");
  world.query("COPY other FROM STDIN");
  world.send(copy_data("1\n") + copy_done());
  CHECK(world.server.copied.find("1\n") != std::string::npos);
  CHECK(world.server.settings_asked == 1);
  world.query("DELETE FROM kept");
  world.query("COMMIT; SELECT 5");
  CHECK(world.server.executed.back() == "COPY other FROM STDIN");
  world.query("ROLLBACK");
  CHECK(world.exchange->at_rest());
  world.exchange->on_client(as_bytes(query_message("SELECT 6") + query_message("SELECT 7")));
  CHECK(world.server.executed.back() == "SELECT 7");  // and again a pipeline
}

// The server may have skipped it.
TEST_CASE("barrier: a name that was given behind an error is not taken for given") {
  World world;
  std::string parse, again, bind;
  pg::append_parse(parse, "s", "DELETE FROM other");
  world.send(parse + sync_message());
  pg::append_close(again, false, "s");
  pg::append_parse(again, "s", "SELECT 1");
  pg::append_bind(bind, "", "s", {});
  pg::append_execute(bind, "");
  world.send(extended_unsynced("SELECT 1/0") + again + sync_message() + bind + sync_message());
  CHECK(world.server.executed.back() == "DELETE FROM other");
  CHECK(world.commands().back().ends_with("DELETE FROM other"));
}

TEST_CASE("barrier: a late cancel that hits our own question is asked again") {
  World world;
  world.server.settings_cancelled = 3;
  world.query("SET search_path TO other");
  world.query("SELECT 1");
  CHECK(world.server.settings_asked == 4);
  CHECK(world.failure.empty());
  CHECK(world.heard() == "C(SET) Z(I) T D C(SELECT 1) Z(I)");
}

TEST_CASE("barrier: a server that is cancelled for ever ends the session") {
  World world;
  world.server.settings_cancelled = 1000;
  world.query("SET search_path TO other");
  CHECK(world.failure.starts_with("settings:"));
  CHECK(world.server.settings_asked < 20);
}

TEST_CASE("barrier: one that stands behind a query in flight does not hold its own Sync") {
  for (std::size_t chunk : {std::size_t{1}, std::size_t{6}, SIZE_MAX}) {
    World world({.server_chunk = chunk});
    std::string flight;
    pg::append_close(flight, false, "s1");
    pg::append_sync(flight);
    flight += query_message("DELETE FROM kept");
    pg::append_parse(flight, "", "SET search_path TO other");
    pg::append_bind(flight, "", "", {});
    pg::append_bind(flight, "", "s1", {});  // waits for what became of the Close
    pg::append_sync(flight);
    world.send(flight);
    world.settle();
    CHECK(world.heard() == "3 Z(I) E(42501*) Z(I) 1 2 E(26000*) Z(I)");
    CHECK(world.exchange->at_rest());
  }
}

TEST_CASE("encoding: what could hide a quote is refused, ASCII is not") {
  World world;
  world.query("SET client_encoding TO SJIS");
  CHECK(world.heard() == "C(SET) Z(I)");
  world.query("SELECT '\x95\x5c'");
  CHECK(world.heard() == "E(42501*) Z(I)");
  world.send(extended("SELECT '\x95\x5c'"));
  CHECK(world.heard() == "E(42501*) Z(I)");
  world.query("SELECT 1");
  CHECK(world.heard() == "T D C(SELECT 1) Z(I)");
}

TEST_CASE("encoding: a bound value that is not the policy's UTF-8 is one that cannot be read") {
  World world({.rules = R"(
rules:
- {name: most, action: allow, match: {effects: [any]}}
- {name: not-her, action: deny, match: {parameters: [{position: 1, equals: "renée"}]}}
)"});
  std::string parse;
  pg::append_parse(parse, "", "SELECT $1");
  auto bound = [](std::string_view value) {
    std::string out;
    Parameter parameter;
    parameter.value = as_bytes(value);
    pg::append_bind(out, "", "", {&parameter, 1});
    return out;
  };
  world.send(parse + bound("ren\xc3\xa9" "e") + sync_message());
  CHECK(world.heard() == "1 E(42501*) Z(I)");
  world.query("SET client_encoding TO LATIN1");
  CHECK(world.heard() == "C(SET) Z(I)");
  world.send(parse + bound("ren\xe9" "e") + sync_message());
  CHECK(world.heard() == "1 E(42501*) Z(I)");
  world.send(parse + bound("renate") + sync_message());
  CHECK(world.heard() == "1 2 Z(I)");
}

TEST_CASE("encoding: a session whose search path cannot be read ends") {
  World world;
  world.query("SET client_encoding TO LATIN1");
  world.query("SET search_path TO \"\xe9\"");
  CHECK(world.heard() == "C(SET) Z(I) E(42501*) Z(I)");
  world.query("SET search_path TO U&'\\00e9'");
  CHECK(world.failure.starts_with("settings:"));
}

TEST_CASE("durability: nothing leaves before its record is on the disk") {
  World world({.durable_at_once = false});
  world.send(query_message("CREATE TABLE t (a int)"));
  CHECK(world.all_to_server.empty());
  REQUIRE(world.waiting);
  CHECK(world.waited_for == policy::Durability::kDisk);
  CHECK(world.waited_position == world.spool->appended());
  CHECK(world.commands() == Words{"1 allow CREATE TABLE t (a int)"});
  world.send(query_message("SELECT 1"));
  CHECK(world.all_to_server.empty());
  CHECK(world.exchange->holds_client());
  world.durable();
  world.settle();
  CHECK(world.server.executed == Words{"CREATE TABLE t (a int)", "SELECT 1"});
  CHECK(world.heard() == "C(CREATE) Z(I) T D C(SELECT 1) Z(I)");
}

TEST_CASE("durability: what needs no wait stays behind what does") {
  World world({.durable_at_once = false});
  world.send(extended("SELECT 1") + extended("CREATE TABLE t (a int)"));
  CHECK(world.waits == 1);
  world.durable();
  world.settle();
  CHECK(world.server.executed == Words{"SELECT 1", "CREATE TABLE t (a int)"});
  CHECK(world.heard() == "1 2 D C(SELECT 1) Z(I) 1 2 C(CREATE) Z(I)");
}

TEST_CASE("spool: no record, no passage") {
  World world;
  REQUIRE(world.spool->close(1, 1).ok());
  world.query("SELECT 1");
  world.send(extended("SELECT 2"));
  CHECK(world.server.executed.empty());
  CHECK(world.all_to_server.find("SELECT") == std::string::npos);
  CHECK(world.heard() == "E(53100*) Z(I) E(53100*) Z(I)");
}

}  // namespace
}  // namespace chaperone::session
