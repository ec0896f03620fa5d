#include "sidecar/session/secret.h"

#include <catch2/catch.hpp>
#include <string>

#include "sidecar/session/saslprep.h"

using namespace chaperone;

TEST_CASE("secret: it moves, it is cloned on purpose, it is wiped") {
  Secret one("password");
  Secret two = std::move(one);
  CHECK(one.empty());  // NOLINT: moved from, on purpose
  CHECK(two.view() == "password");
  Secret copy = two.clone();
  two.wipe();
  CHECK(two.empty());
  CHECK(copy.view() == "password");
  copy = Secret("other");
  CHECK(copy.view() == "other");
  CHECK(Secret("").empty());
}

TEST_CASE("secret: wiping zeroes the memory") {
  std::string memory = "password";
  wipe_bytes(memory.data(), memory.size());
  CHECK(memory == std::string(8, '\0'));
}

TEST_CASE("saslprep: what changes and what does not") {
  const auto prepared = [](std::string_view text) { return std::string(saslprep(text).view()); };
  CHECK(prepared("pencil") == "pencil");
  CHECK(prepared(" tab\t ") == " tab\t ");
  CHECK(prepared("p\xc3\xa4ss") == "p\xc3\xa4ss");
  CHECK(prepared("I\xc2\xadX") == "IX");  // soft hyphen
  CHECK(prepared("a\xc2\xa0"
                 "b") == "a b");  // no-break space
  CHECK(prepared("a\xe3\x80\x80"
                 "b") == "a b");  // ideographic space
  CHECK(prepared("\xf0\x9f\x94\x91") == "\xf0\x9f\x94\x91");
  for (std::string_view raw :
       {"\xff", "a\xc2", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe0\x80\x80\xc2\xad"}) {
    CHECK(prepared(raw) == raw);
  }
  CHECK(prepared("\xc2\xad") == "\xc2\xad");  // nothing would be left
}
