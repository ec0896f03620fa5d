#include "sidecar/session/gate.h"

#include <string>

#include <catch2/catch.hpp>  // last: its CHECK is the one meant here

namespace chaperone::session {
namespace {

TEST_CASE("gate: nothing is copied where nothing is kept") {
  Gate gate;
  Bytes fresh = as_bytes("abc");
  Bytes joined = gate.join(fresh);
  CHECK(joined.data() == fresh.data());
  gate.keep(joined, 3);
  CHECK(gate.size() == 0);
}

TEST_CASE("gate: what is kept comes first the next time") {
  Gate gate;
  gate.keep(gate.join(as_bytes("abc")), 1);
  CHECK(gate.size() == 2);
  Bytes joined = gate.join(as_bytes("de"));
  CHECK(as_text(joined) == "bcde");
  gate.keep(joined, 3);
  CHECK(as_text(gate.join({})) == "e");
  gate.keep(gate.join({}), 1);
  CHECK(gate.size() == 0);
  CHECK(gate.join({}).empty());
}

}  // namespace
}  // namespace chaperone::session
