// One content, one encoding: whatever bytes the decoder accepts are those that the encoder makes.

#include "audit/decoded.h"
#include "tests/unit/audit/reencode.h"
#include "tests/unit/audit/sample.h"

#include <catch2/catch.hpp>  // last: its CHECK is the test's

namespace chaperone::audit {
namespace {

void check_canonical(const Buffer& bytes) {
  auto decoded = decode_record(bytes);
  if (decoded && reencode(*decoded) != bytes) FAIL("accepted a second spelling");
}

TEST_CASE("every byte of a record, every value of it") {
  const Buffer record = every_field();
  REQUIRE(decode_record(record));
  CHECK(reencode(*decode_record(record)) == record);
  Buffer altered = record;
  for (std::size_t i = 0; i < record.size(); ++i) {
    // The long cut value is one byte 4,096 times over; its inside tells nothing new.
    if (i > 900 && i < 4800 && record[i] == 'x' && record[i - 1] == 'x' && record[i + 1] == 'x')
      continue;
    for (int value = 0; value < 256; ++value) {
      altered[i] = static_cast<std::uint8_t>(value);
      check_canonical(altered);
    }
    altered[i] = record[i];
  }
}

TEST_CASE("every truncation, every doubled or missing byte") {
  const Buffer record = every_field();
  for (std::size_t i = 0; i < record.size(); ++i) {
    Buffer cut(record.begin(), record.begin() + static_cast<std::ptrdiff_t>(i));
    check_canonical(cut);
    Buffer missing = record, doubled = record;
    missing.erase(missing.begin() + static_cast<std::ptrdiff_t>(i));
    check_canonical(missing);
    doubled.insert(doubled.begin() + static_cast<std::ptrdiff_t>(i), record[i]);
    check_canonical(doubled);
  }
}

TEST_CASE("errors name the field and the rule") {
  Buffer record = full_command();
  record.push_back(0xA0);  // field 100 as a number
  record.push_back(0x06);
  record.push_back(0x01);
  auto decoded = decode_record(record);
  REQUIRE_FALSE(decoded);
  CHECK(decoded.error().message == "not a record: writer is of the wrong wire type");
  CHECK(decode_record({}).error().message.find("head") != std::string::npos);
}

}  // namespace
}  // namespace chaperone::audit
