// Names of statements and portals: what is run must be what was judged.
#include "tests/unit/session/exchange_fixture.h"

#include <algorithm>

#include "proto-parsers/postgres/encode.h"

#include <catch2/catch.hpp>  // last: its CHECK is the one meant here

namespace chaperone::session {
namespace {

using Words = std::vector<std::string>;

std::string parse(std::string_view name, std::string_view text) {
  std::string out;
  pg::append_parse(out, name, text);
  return out;
}
std::string bind(std::string_view portal, std::string_view statement) {
  std::string out;
  pg::append_bind(out, portal, statement, {});
  return out;
}
std::string execute(std::string_view portal) {
  std::string out;
  pg::append_execute(out, portal);
  return out;
}
std::string close_portal(std::string_view portal) {
  std::string out;
  pg::append_close(out, true, portal);
  return out;
}

TEST_CASE("names: what was never prepared or bound is refused") {
  World world;
  world.send(bind("", "nobody") + execute("") + sync_message());
  CHECK(world.heard() == "E(26000*) Z(I)");
  world.send(execute("nobody") + sync_message());
  CHECK(world.heard() == "E(34000*) Z(I)");
  CHECK(world.server.executed.empty());
}

TEST_CASE("names: a Parse that failed leaves the name what it was") {
  World world;
  world.send(parse("s", "SELECT 1") + sync_message());
  world.send(parse("s", "SELECT 2") + sync_message());
  CHECK(world.heard() == "1 Z(I) E(42P05) Z(I)");
  world.send(bind("", "s") + execute("") + sync_message());
  CHECK(world.server.executed == Words{"SELECT 1"});
  CHECK(world.commands().back().ends_with("allow SELECT 1"));
}

TEST_CASE("names: what SQL prepared is known by its text") {
  World world;
  world.query("PREPARE p AS DELETE FROM kept");
  CHECK(world.heard() == "E(42501*) Z(I)");
  world.query("PREPARE p AS DELETE FROM other");
  CHECK(world.heard() == "C(PREPARE) Z(I)");
  world.send(bind("", "p") + execute("") + sync_message());
  CHECK(world.heard() == "2 C(PREPARE) Z(I)");
  world.query("EXECUTE p");
  CHECK(world.heard() == "C(EXECUTE) Z(I)");
  world.query("DEALLOCATE p");
  world.query("EXECUTE p");
  CHECK(world.heard() == "C(DEALLOCATE) Z(I) E(42501*) Z(I)");
}

TEST_CASE("names: EXECUTE within another statement is judged each time") {
  World world;
  world.query("EXPLAIN ANALYZE EXECUTE p");
  CHECK(world.heard() == "E(42501*) Z(I)");
  world.query("PREPARE p AS SELECT 1");
  world.query("EXPLAIN ANALYZE EXECUTE p");
  CHECK(world.heard() == "C(PREPARE) Z(I) C(EXPLAIN) Z(I)");
  world.query("DEALLOCATE p");
  world.query("EXPLAIN ANALYZE EXECUTE p");
  CHECK(world.heard() == "C(DEALLOCATE) Z(I) E(42501*) Z(I)");
}

TEST_CASE("names: the same text again under the same name is judged by what holds now") {
  World world;
  World stricter({.rules = "rules: [{name: reads, action: allow, match: {effects: [read]}}]"});
  world.send(extended("DELETE FROM other") + extended("DELETE FROM other"));
  CHECK(world.commands() == Words{"1 allow DELETE FROM other", "2 allow DELETE FROM other"});
  world.exchange->on_policy(stricter.policy);
  world.send(extended("DELETE FROM other"));
  CHECK(world.commands().back() == "3 deny DELETE FROM other");
}

TEST_CASE("names: the same EXECUTE again means what its name means now") {
  World world;
  world.query("PREPARE p AS SELECT 1");
  world.send(extended("EXECUTE p") + extended("EXECUTE p"));
  world.heard();
  world.query("DEALLOCATE p");
  world.send(extended("EXECUTE p"));
  CHECK(world.heard() == "C(DEALLOCATE) Z(I) E(42501*) Z(I)");
}

TEST_CASE("names: what was prepared under another reading of strings is not run") {
  World world;
  world.send(parse("s", "SELECT 'a'") + sync_message());
  world.query("SET standard_conforming_strings TO off");
  world.heard();
  world.send(bind("", "s") + execute("") + sync_message());
  CHECK(world.heard() == "E(55000*) Z(I)");
  world.query("EXECUTE s");
  CHECK(world.heard() == "E(42501*) Z(I)");
  world.query("SET standard_conforming_strings TO on");
  world.heard();
  world.send(bind("", "s") + execute("") + sync_message());
  CHECK(world.heard() == "2 D C(SELECT 1) Z(I)");
}

// A Parse may lie hours back.
TEST_CASE("names: a Bind is judged by the policy of today") {
  World world;
  world.send(parse("s", "DELETE FROM other") + sync_message());
  world.use_policy("rules: [{name: reads, action: allow, match: {effects: [read]}}]");
  world.send(bind("", "s") + execute("") + sync_message());
  CHECK(world.heard() == "1 Z(I) E(42501*) Z(I)");
  CHECK(world.server.executed.empty());
  world.use_policy(kRules);
  world.send(bind("", "s") + execute("") + sync_message());
  CHECK(world.server.executed == Words{"DELETE FROM other"});
}

TEST_CASE("names: a Bind is judged by the search_path of today") {
  World world;
  world.use_tables({{"public", "t"}, {"private", "t"}});
  world.use_policy(R"(
rules:
- {name: most, action: allow, match: {effects: [read, session]}}
- {name: private, action: deny, match: {objects: ["private.*"]}}
)");
  world.send(parse("s", "SELECT a FROM t") + sync_message());
  world.server.search_path = "private";
  world.query("SET search_path TO private");
  CHECK(world.heard() == "1 Z(I) C(SET) Z(I)");
  world.send(bind("", "s") + execute("") + sync_message());
  CHECK(world.heard() == "E(42501*) Z(I)");
  world.server.search_path = "public";
  world.query("SET search_path TO public");
  world.heard();
  world.send(bind("", "s") + execute("") + sync_message());
  CHECK(world.heard().starts_with("2 "));
  world.use_tables({{"private", "t"}});  // dropped and made anew elsewhere: a catalogue of today
  world.server.search_path = "private";
  world.query("SET search_path TO private");
  world.heard();
  world.send(bind("", "s") + execute("") + sync_message());
  CHECK(world.heard() == "E(42501*) Z(I)");
}

TEST_CASE("names: a portal that is bound and never executed has an outcome") {
  World world;
  world.send(parse("", "SELECT 1") + bind("", "") + bind("", "") + bind("p", "") +
             close_portal("p") + sync_message());
  auto outcomes = world.outcomes();
  std::sort(outcomes.begin(), outcomes.end());
  CHECK(outcomes == Words{"1 skipped", "2 skipped", "3 skipped"});
}

TEST_CASE("names: a portal executed again is a command again") {
  World world;
  world.query("BEGIN");
  world.send(parse("", "SELECT 1") + bind("", "") + execute("") + execute("") + sync_message());
  CHECK(world.commands() == Words{"1 allow BEGIN", "2 allow SELECT 1", "3 allow SELECT 1"});
  CHECK(world.outcomes() == Words{"1 ok", "2 ok", "3 ok"});
}

TEST_CASE("names: a portal is asked about its values again under a new policy") {
  const std::string kAbove = R"(
rules:
- {name: most, action: allow, match: {effects: [any, unknown]}}
- {name: small, action: deny, match: {effects: [delete], parameters: [{position: 1, above: 100}]}}
)";
  auto bound = [](std::string_view portal, std::string_view value) {
    std::string out;
    Parameter parameter;
    parameter.value = as_bytes(value);
    pg::append_bind(out, portal, "d", {{parameter}});
    return out;
  };
  World world;
  world.query("BEGIN");
  world.send(parse("d", "DELETE FROM t WHERE a = $1") + bound("p", "500") + sync_message());
  world.use_policy(kAbove);
  CHECK(world.heard() == "C(BEGIN) Z(T) 1 2 Z(T)");
  world.send(execute("p") + sync_message());
  CHECK(world.heard() == "E(42501*) Z(E)");
  world.query("ROLLBACK");
  world.query("BEGIN");
  world.heard();
  world.send(bound("q", "5") + execute("q") + execute("q") + sync_message());
  CHECK(world.heard().starts_with("2 C("));
  world.send(bound("r", "500") + sync_message());
  CHECK(world.heard() == "E(42501*) Z(E)");
}

TEST_CASE("names: what was bound is kept where it is small") {
  std::string text(BoundValues::kBytesMax, 'x');
  std::vector<Parameter> given(2);
  given[0].value = as_bytes(text).first(10);
  given[1].null = true;
  BoundValues small(given);
  text.assign(text.size(), 'y');
  CHECK(as_text(small.parameters()[0].value) == std::string(10, 'x'));
  CHECK(small.parameters()[1].null);
  given[0].value = as_bytes(text);
  given[1] = {as_bytes(text), 0, false, false};
  BoundValues large(given);
  CHECK(large.parameters().size() == 2);
  CHECK(large.parameters()[0].binary);
  CHECK(large.parameters()[0].value.empty());
}

TEST_CASE("records: a secret in a text of a known shape is taken out as well") {
  World world;
  world.query("SELECT 'plain'");
  world.query("SELECT 'postgres://u:hunter2@h/d'");
  world.send(parse("s", "SELECT 'postgres://u:hunter2@h/d'") + sync_message());
  for (const std::string& record : spool::all_records(*world.spool)) {
    CHECK(record.find("hunter2") == std::string::npos);
  }
}

TEST_CASE("records: a bound secret is taken out, by its place or by its form") {
  World world;
  std::vector<Parameter> values(2);
  for (std::string_view text : {"SELECT 1 FROM u WHERE password = $1 AND city = $2",
                                "SELECT 1 FROM u WHERE password = $1 AND city = $2", "SELECT $1, $2"}) {
    values[0].value = as_bytes(text == "SELECT $1, $2" ? "postgres://u:hunter2@h/d" : "hunter2");
    values[1].value = as_bytes("amsterdam");
    std::string bound;
    pg::append_bind(bound, "", "", values);
    world.send(parse("", text) + bound + execute("") + sync_message());
  }
  std::size_t kept = 0;
  for (const std::string& record : spool::all_records(*world.spool)) {
    CHECK(record.find("hunter2") == std::string::npos);
    kept += record.find("amsterdam") != std::string::npos;
  }
  CHECK(kept == 3);
}

TEST_CASE("oversized: refused, and the session goes on") {
  World world;
  const std::string text = "SELECT '" + std::string(1100 * 1024, 'x') + "'";
  world.query(text);
  CHECK(world.heard() == "E(54000*) Z(I)");
  world.send(parse("", text + std::string(400 * 1024, ' ')) + sync_message());
  CHECK(world.heard() == "E(54000*) Z(I)");
  CHECK(world.server.executed.empty());
  world.query("SELECT 1");
  CHECK(world.heard() == "T D C(SELECT 1) Z(I)");
}

TEST_CASE("terminate: stays here at rest, and goes on where something is owed") {
  std::string terminate;
  pg::append_terminate(terminate);
  World world;
  world.query("SELECT 1");
  world.send(terminate);
  CHECK(world.terminations == 1);
  CHECK_FALSE(world.server.ended);
  CHECK(world.exchange->stateless());
  World busy;
  busy.query("BEGIN");
  busy.send(terminate);
  CHECK(busy.server.ended);
  CHECK_FALSE(busy.exchange->stateless());
}

TEST_CASE("read-only: no statement lowers the second fence") {
  World world({.read_only = true});
  world.query("SET default_transaction_read_only TO off");
  CHECK(world.heard() == "E(42501*) Z(I)");
  world.query("BEGIN READ WRITE");
  CHECK(world.heard() == "E(42501*) Z(I)");
  world.send(extended("BEGIN READ WRITE"));
  CHECK(world.heard() == "E(42501*) Z(I)");
  CHECK(world.server.executed.empty());
}

// By code that nobody read: what the server says counts.
TEST_CASE("read-only: a session that is found without the fence ends") {
  World fenced({.read_only = true});
  fenced.server.default_transaction_read_only = true;
  fenced.query("SET search_path TO other");
  CHECK(fenced.server.settings_asked == 1);
  CHECK(fenced.failure.empty());
  fenced.server.default_transaction_read_only = false;
  fenced.query("SET search_path TO public");
  CHECK(fenced.failure.starts_with("read_only:"));
  World free;
  free.query("SET search_path TO other");
  CHECK(free.failure.empty());
}

TEST_CASE("the end: what was in flight is unknown") {
  World world;
  world.feed(query_message("SELECT 1"));
  world.exchange->settle_unknown();
  CHECK(world.outcomes() == Words{"1 unknown"});
}

TEST_CASE("the server: a reply that nobody asked for ends the session") {
  World world;
  std::string reply;
  pg::append_command_complete(reply, "SELECT 1");
  world.exchange->on_server(as_bytes(reply));
  CHECK(world.failure.starts_with("upstream_protocol"));
  CHECK(world.all_to_client.empty());
}

// In one message both are read under the old setting; which setting a listed text was read under,
// nobody can tell from the list.
TEST_CASE("names: what SQL prepared beside a change of the reading is not taken by its text") {
  World world;
  world.query("PREPARE p AS SELECT 'a\\'; SET standard_conforming_strings TO off");
  CHECK(world.heard() == "C(PREPARE) S C(SET) Z(I)");
  world.query("EXECUTE p");
  CHECK(world.heard() == "E(42501*) Z(I)");
  std::string bind;
  pg::append_bind(bind, "", "p", {});
  world.send(bind + sync_message());
  CHECK(world.heard() == "E(55000*) Z(I)");
}

TEST_CASE("names: a backslash that SQL prepared in plain sight is taken") {
  World world;
  world.query("PREPARE p AS SELECT 'a\\b'");
  world.heard();
  std::string bind;
  pg::append_bind(bind, "", "p", {});
  world.send(bind + sync_message());
  CHECK(world.heard() == "2 Z(I)");
  // Code that nobody read may have prepared it anew, under another setting and back.
  world.query("SELECT somebodys_code()");
  world.send(bind + sync_message());
  CHECK(world.heard().find("E(55000*) Z(I)") != std::string::npos);
}

}  // namespace
}  // namespace chaperone::session
