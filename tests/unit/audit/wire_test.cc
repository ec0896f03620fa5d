#include "audit/wire.h"

#include <catch2/catch.hpp>  // last: its CHECK is the test's

namespace chaperone::audit {
namespace {

std::vector<std::uint8_t> bytes(std::initializer_list<int> values) {
  std::vector<std::uint8_t> out;
  for (int value : values) out.push_back(static_cast<std::uint8_t>(value));
  return out;
}

TEST_CASE("numbers of every width come back") {
  for (int shift = 0; shift < 64; ++shift) {
    for (std::uint64_t value : {1ull << shift, (1ull << shift) - 1}) {
      std::vector<std::uint8_t> out;
      FieldWriter(out).number(1, value);
      FieldReader reader(out);
      auto field = reader.next();
      REQUIRE(field);
      CHECK(field->value == value);
      CHECK_FALSE(reader.next());
      CHECK(reader.fault() == nullptr);
    }
  }
}

TEST_CASE("a second spelling of a number is refused") {
  for (auto bad : {bytes({0x08, 0x80, 0x00}), bytes({0x08, 0x81, 0x00}), bytes({0x88, 0x00, 0x01}),
                   bytes({0x08, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x02})}) {
    FieldReader reader(bad);
    CHECK_FALSE(reader.next());
    CHECK(reader.fault() != nullptr);
  }
}

TEST_CASE("order, types, and lengths beyond the end are refused") {
  auto swapped = bytes({0x10, 0x01, 0x08, 0x01});
  FieldReader reader(swapped);
  CHECK(reader.next());
  CHECK_FALSE(reader.next());
  CHECK(std::string(reader.fault()) == "fields out of order");
  for (auto bad : {bytes({0x0D, 0, 0, 0, 0}), bytes({0x00, 0x01}), bytes({0x0A, 0x05, 1}),
                   bytes({0x09, 1, 2, 3}), bytes({0x08}), bytes({0x80})}) {
    FieldReader other(bad);
    CHECK_FALSE(other.next());
    CHECK(other.fault() != nullptr);
    CHECK_FALSE(other.next());
  }
}

TEST_CASE("a part knows its first and last field, and clearing forgets them") {
  EncodedPart part;
  CHECK(part.first_field() == 0);
  encode(Event{"word", "detail"}, part);
  CHECK(part.first_field() == 90);
  CHECK(part.last_field() == 91);
  encode(Event{}, part);
  CHECK(part.empty());
  CHECK(part.first_field() == 0);
}

}  // namespace
}  // namespace chaperone::audit
