#include "sidecar/session/operations.h"

#include <catch2/catch.hpp>

namespace chaperone::session {
namespace {

Operation numbered(std::uint64_t number) {
  Operation operation;
  operation.number = number;
  operation.rows = number * 10;
  return operation;
}

TEST_CASE("operations: found until they end, whatever the order") {
  Operations operations;
  for (std::uint64_t number : {2, 3, 5, 9}) operations.begin(numbered(number));
  CHECK(operations.oldest() == 2);
  CHECK(operations.find(5)->rows == 50);
  CHECK(operations.find(4) == nullptr);
  CHECK(operations.take(5)->rows == 50);
  CHECK_FALSE(operations.take(5));
  CHECK(operations.find(5) == nullptr);
  CHECK(operations.take(2)->rows == 20);
  CHECK(operations.oldest() == 3);
  CHECK(operations.size() == 2);
  CHECK(operations.take(9));
  CHECK(operations.take(3));
  CHECK(operations.empty());
  operations.begin(numbered(10));
  CHECK(operations.oldest() == 10);
}

TEST_CASE("operations: a portal that stays open keeps nothing of those behind it") {
  Operations operations;
  operations.begin(numbered(1));
  for (std::uint64_t number = 2; number < 5'000; ++number) {
    operations.begin(numbered(number));
    REQUIRE(operations.find(number)->number == number);
    REQUIRE(operations.take(number)->rows == number * 10);
    REQUIRE(operations.find(1)->rows == 10);
  }
  CHECK(operations.size() == 1);
  CHECK(operations.take(1)->rows == 10);
  CHECK(operations.empty());
}

}  // namespace
}  // namespace chaperone::session
