#include "audit/chain.h"

#include "tests/unit/audit/sample.h"

#include <catch2/catch.hpp>  // last: its CHECK is the test's

namespace chaperone::audit {
namespace {

TEST_CASE("a chain is followed; each way to break it has its name") {
  TestChain chain(test_id(1), 2);
  for (const char* text : {"a", "b", "c", "d"}) chain.add(text);
  const auto& records = chain.records();
  ChainPoint at, next;
  for (const Buffer& record : records) {
    CHECK(follow(at, record, next) == LinkFault::kNone);
    at = next;
  }
  CHECK(at.sequence == 4);

  ChainPoint first;
  REQUIRE(follow({}, records[0], first) == LinkFault::kNone);
  CHECK(follow(first, records[2], next) == LinkFault::kGap);
  CHECK(next.sequence == 3);
  CHECK(follow(first, records[0], next) == LinkFault::kBackward);
  CHECK(follow({1, {}}, records[1], next) == LinkFault::kHash);
  CHECK(follow(first, as_bytes("nonsense"), next) == LinkFault::kDamaged);
}

}  // namespace
}  // namespace chaperone::audit
