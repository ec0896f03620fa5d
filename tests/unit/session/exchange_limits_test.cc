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

bool says(const std::string& text, std::string_view words) {
  return text.find(words) != std::string::npos;
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

TEST_CASE("limits: a refusal names the limit, its value and what was seen") {
  World world({.limits = {.frontend = {.statement_bytes = 100, .bind_bytes = 200},
                          .prepared_statements = 2}});
  auto told = [&](const std::string& bytes) {
    std::size_t before = world.all_to_client.size();
    world.send(bytes);
    return world.all_to_client.substr(before);
  };
  CHECK(says(told(query_message("SELECT 1 -- " + std::string(200, 'x'))),
             "218 bytes of a message are more than limits.statement_bytes_max allows (100)"));
  std::string long_bind;
  std::string letters(300, 'v');
  Parameter value;
  value.value = as_bytes(letters);
  pg::append_parse(long_bind, "", "SELECT 1");
  pg::append_bind(long_bind, "", "", std::span<const Parameter>(&value, 1));
  CHECK(says(told(long_bind + sync_message()), "limits.bind_bytes_max allows (200)"));
  CHECK(says(told(named_parse("a") + named_parse("b") + named_parse("c") + sync_message()),
             "3 prepared statements are more than limits.prepared_statements_max allows (2)"));
  std::string name(64, 'n');
  CHECK(says(told(named_parse(name) + sync_message()),
             "64 bytes of a statement's or portal's name are more than the server allows (63)"));
}

TEST_CASE("limits: one PREPARE too many is refused, recorded, and the session lives") {
  World world({.limits = {.prepared_statements = 2}});
  world.query("PREPARE a AS SELECT 1");
  world.query("PREPARE b AS SELECT 1");
  CHECK(world.heard() == "C(PREPARE) Z(I) C(PREPARE) Z(I)");
  world.query("PREPARE c AS SELECT 1");
  CHECK(world.heard() == "E(54000*) Z(I)");
  CHECK(world.refusals == 1);
  CHECK(world.commands().back() == "3 deny PREPARE c AS SELECT 1");
  world.send(extended("PREPARE c AS SELECT 1"));
  CHECK(says(world.heard(), "E(54000*) Z(I)"));
  world.query("SELECT 1; PREPARE c AS SELECT 1; DEALLOCATE a");
  CHECK(world.heard() == "E(54000*) Z(I)");
  world.query("DEALLOCATE a");
  world.query("PREPARE c AS SELECT 1");
  CHECK(world.heard() == "C(DEALLOCATE) Z(I) C(PREPARE) Z(I)");
  CHECK(world.failure.empty());
}

TEST_CASE("limits: a portal whose PREPARE had room when it was bound, and has none any more") {
  World world({.limits = {.prepared_statements = 1}});
  world.query("BEGIN");
  for (const char* name : {"p", "q"}) {
    std::string group;
    pg::append_parse(group, "", "PREPARE " + std::string(name) + " AS SELECT 1");
    pg::append_bind(group, name, "", {});
    world.send(group + sync_message());
  }
  CHECK(world.heard() == "C(BEGIN) Z(T) 1 2 Z(T) 1 2 Z(T)");
  for (const char* portal : {"p", "q"}) {
    std::string group;
    pg::append_execute(group, portal);
    world.send(group + sync_message());
  }
  CHECK(world.heard() == "C(PREPARE) Z(T) E(54000*) Z(E)");
  CHECK(world.failure.empty());
}

TEST_CASE(
    "limits: a command that is half here when there is no more room is refused, and read past") {
  World world({.limits = {.held_bytes = 1000}});
  std::string whole = query_message("SELECT 1 -- " + std::string(20'000, 'x'));
  world.feed(whole.substr(0, 3));
  world.exchange->give_up_message(5000);  // too little is known of it yet
  CHECK(world.exchange->held_bytes() == 3);
  world.feed(whole.substr(3, 9'000));
  CHECK(world.exchange->held_bytes() == 9'003);
  world.exchange->give_up_message(5000);
  CHECK(world.exchange->held_bytes() == 0);
  CHECK(says(world.all_to_server, "chaperone"));
  world.settle();
  CHECK(says(world.all_to_client,
             "5000 bytes of commands that are half here are more than "
             "limits.held_bytes_max allows (1000)"));
  CHECK(world.heard() == "E(54000*) Z(I)");
  world.send(whole.substr(9'003) + query_message("SELECT 1"));
  CHECK(world.heard() == "T D C(SELECT 1) Z(I)");
  CHECK(world.server.executed == std::vector<std::string>{"SELECT 1"});
  world.exchange->give_up_message(5000);  // nothing is awaited
  world.send(whole);
  CHECK(world.heard() == "T D C(SELECT 1) Z(I)");
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
