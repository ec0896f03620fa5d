#include "proto-parsers/dns/name.h"

#include <catch2/catch.hpp>

#include "tests/unit/dns/support.h"

using namespace chaperone;
using namespace chaperone::dns;

namespace {

struct Read {
  bool ok;
  std::string name;
  std::size_t position;
};

Read read(const std::string& message, std::size_t position = 0, bool pointers = true) {
  Read result{false, {}, position};
  result.ok = read_name(as_bytes(message), result.position, pointers, result.name);
  return result;
}

}  // namespace

TEST_CASE("a name becomes lower-case text") {
  const std::string message = wire("DB.Example.ORG") + "rest";
  const Read got = read(message);
  REQUIRE(got.ok);
  CHECK(got.name == "db.example.org");
  CHECK(got.position == message.size() - 4);
  CHECK(read(std::string(1, '\0')).ok);
  CHECK(read(std::string(1, '\0')).name.empty());
}

TEST_CASE("a name that is cut off anywhere is broken") {
  const std::string whole = wire("a.bc.example");
  for (std::size_t size = 0; size < whole.size(); ++size) CHECK_FALSE(read(whole.substr(0, size)).ok);
}

TEST_CASE("pointers lead strictly backwards") {
  const std::string message = wire("example.org") + '\2' + "db" + pointer(0);
  const Read got = read(message, 13);
  REQUIRE(got.ok);
  CHECK(got.name == "db.example.org");
  CHECK(got.position == message.size());
  CHECK_FALSE(read(message, 13, false).ok);
  CHECK_FALSE(read(pointer(0)).ok);                       // to itself
  CHECK_FALSE(read(pointer(2) + wire("a")).ok);           // forwards
  CHECK_FALSE(read(std::string("\1a") + pointer(0)).ok);  // to the start of itself
  CHECK_FALSE(read(std::string("\xc0")).ok);              // half a pointer
  // Two that point at each other.
  CHECK_FALSE(read(pointer(2) + pointer(0), 2).ok);
}

TEST_CASE("reserved label types are refused") {
  CHECK_FALSE(read(std::string("\x40") + "a" + '\0').ok);
  CHECK_FALSE(read(std::string("\x80") + "a" + '\0').ok);
}

TEST_CASE("bytes that two readers may spell differently are refused") {
  for (char byte : {'.', ' ', '\0', '\\', '"', '*', '\x7f', '\xe4', '/', '@'}) {
    CHECK_FALSE(read(std::string("\3a") + byte + "b" + '\0').ok);
  }
  CHECK(read(std::string("\4_tcp") + '\0').name == "_tcp");
}

TEST_CASE("at most 253 bytes of name and 63 of label") {
  const std::string label(63, 'a');
  const std::string three = label + "." + label + "." + label;
  CHECK(read(wire(three + "." + std::string(61, 'a'))).ok);
  CHECK_FALSE(read(wire(three + "." + std::string(62, 'a'))).ok);
  CHECK(is_name(three));
  CHECK_FALSE(is_name(std::string(64, 'a')));
}

TEST_CASE("what is written reads back") {
  for (std::string_view name : {"", "a", "a.b", "xn--mnchen-3ya.example", "_sip._tcp.example"}) {
    std::string out;
    write_name(name, out);
    CHECK(out == wire(name));
    CHECK(read(out).name == name);
    CHECK(is_name(name));
  }
  for (std::string_view wrong : {".", "a.", ".a", "a..b", "A", "a b"}) CHECK_FALSE(is_name(wrong));
}

TEST_CASE("a zone holds itself and what lies below") {
  CHECK(is_within("a.example.org", "example.org"));
  CHECK(is_within("example.org", "example.org"));
  CHECK(is_within("anything", ""));
  CHECK_FALSE(is_within("badexample.org", "example.org"));
  CHECK_FALSE(is_within("org", "example.org"));
}
