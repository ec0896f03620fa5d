// The same conversation in pieces of every size, from both sides: both sides see the same bytes.
#include "tests/unit/session/exchange_fixture.h"

#include <catch2/catch.hpp>  // last: its CHECK is the one meant here

namespace chaperone::session {
namespace {

std::vector<std::string> conversations() {
  return {
      query_message("SELECT 1") + query_message("DELETE FROM kept") + query_message("SELECT 2"),
      extended("SELECT 1") + extended("DELETE FROM kept") + extended("SELECT 2"),
      query_message("BEGIN") + query_message("SET search_path TO o") + query_message("SELECT 1") +
          query_message("DELETE FROM kept") + query_message("ROLLBACK") + extended("SELECT 1"),
      extended("COPY t FROM STDIN") + copy_data("abc") + copy_data("de") + copy_done() +
          sync_message() + query_message("SELECT 1"),
      query_message("SET search_path TO o; COPY public.t FROM STDIN") + copy_data("abc") + copy_done() +
          query_message("SELECT 1"),
      query_message("CREATE TABLE t (a int)") + extended("DELETE FROM t") + sync_message(),
      query_message("PREPARE p AS SELECT 1") + query_message("EXECUTE p") + query_message("EXECUTE q"),
  };
}

struct Seen {
  std::string client, server;
  std::vector<std::string> executed;
  bool operator==(const Seen&) const = default;
};

Seen run(const std::string& conversation, std::size_t client_chunk, std::size_t server_chunk) {
  World world({.client_chunk = client_chunk, .server_chunk = server_chunk});
  world.send(conversation);
  CHECK(world.failure.empty());
  CHECK(world.exchange->at_rest());
  // Whatever was executed has a record that says so.
  auto commands = world.commands();
  for (const std::string& statement : world.server.executed) {
    bool found = false;
    for (const std::string& command : commands) {
      found = found || (command.find(" allow ") != std::string::npos &&
                        command.find(statement) != std::string::npos);
    }
    INFO(statement);
    CHECK(found);
  }
  return {world.all_to_client, world.all_to_server, world.server.executed};
}

TEST_CASE("exchange: every conversation is the same in pieces of every size") {
  for (const std::string& conversation : conversations()) {
    const Seen whole = run(conversation, SIZE_MAX, SIZE_MAX);
    for (std::size_t chunk : {1u, 2u, 3u, 4u, 5u, 6u, 7u, 11u, 13u, 29u, 64u, 127u}) {
      INFO("pieces of " << chunk << " of " << conversation);
      CHECK(run(conversation, chunk, SIZE_MAX) == whole);
      CHECK(run(conversation, SIZE_MAX, chunk) == whole);
      CHECK(run(conversation, chunk, chunk) == whole);
    }
  }
}

}  // namespace
}  // namespace chaperone::session
