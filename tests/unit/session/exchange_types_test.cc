// Types of bound values that the client leaves to the server: learnt where it has them described.
#include "tests/unit/session/exchange_fixture.h"

#include "audit/decoded.h"
#include "proto-parsers/postgres/encode.h"

#include <catch2/catch.hpp>  // last: its CHECK is the one meant here

namespace chaperone::session {
namespace {

constexpr std::uint32_t kInt4 = 23;
constexpr std::uint32_t kText = 25;

const std::string kSmallOnly = R"(
rules:
- {name: most, action: allow, match: {effects: [any]}}
- {name: small, action: deny, match: {parameters: [{position: 1, above: 100}]}}
)";

std::string parse(std::string_view name) {
  std::string out;
  pg::append_parse(out, name, "SELECT $1");
  return out;
}

std::string describe(std::string_view name) {
  std::string out;
  pg::append_describe(out, false, name);
  return out;
}

std::string bind(std::string_view name, std::uint8_t value) {
  const std::uint8_t bytes[] = {0, 0, 0, value};
  Parameter parameter;
  parameter.value = bytes;
  parameter.binary = true;
  std::string out;
  pg::append_bind(out, "", name, {&parameter, 1});
  return out;
}

TEST_CASE("types: what the server describes is what a rule reads") {
  World world({.rules = kSmallOnly});
  world.server.parameter_types = {kInt4};
  world.send(parse("s") + describe("s") + sync_message());
  CHECK(world.heard() == "1 t n Z(I)");
  world.send(bind("s", 100) + sync_message());
  CHECK(world.heard() == "2 Z(I)");
  for (const std::string& bytes : spool::all_records(*world.spool)) {
    auto record = audit::decode_record(as_bytes(bytes));
    REQUIRE(record.ok());
    for (const auto& parameter : record->parameters) CHECK(parameter.type == kInt4);
  }
  world.send(bind("s", 101) + sync_message());
  CHECK(world.heard() == "E(42501*) Z(I)");
}

TEST_CASE("types: what nobody described cannot be read, and is refused") {
  World world({.rules = kSmallOnly});
  world.server.parameter_types = {kInt4};
  world.send(parse("s") + bind("s", 1) + sync_message());
  CHECK(world.heard() == "1 E(42501*) Z(I)");
}

TEST_CASE("types: a description that failed, was skipped or is another's is nobody's") {
  World world({.rules = kSmallOnly});
  world.server.parameter_types = {kText};
  world.send(parse("s") + describe("s") + sync_message());
  world.server.parameter_types = {kInt4};
  // The first Parse fails (the name is taken), so that its Describe is skipped.
  world.send(parse("s") + describe("s") + describe("t") + sync_message());
  CHECK(world.heard() == "1 t n Z(I) E(42P05) Z(I)");
  world.send(bind("s", 1) + sync_message());
  CHECK(world.heard() == "E(42501*) Z(I)");  // text that is no number
  world.send(parse("t") + describe("s") + describe("t") + bind("t", 1) + sync_message());
  world.settle();
  world.send(bind("t", 2) + bind("s", 3) + sync_message());
  CHECK(world.failure.empty());
}

}  // namespace
}  // namespace chaperone::session
