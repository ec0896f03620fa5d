#include "audit/checkpoint.h"
#include "tests/unit/audit/sample.h"

#include <catch2/catch.hpp>  // last: its CHECK is the test's

namespace chaperone::audit {
namespace {

Enrolment sample() {
  return {test_id(4), test_key(5).public_key(), 123, {{"namespace", "research"}, {"pod", "agent"}}};
}

TEST_CASE("an enrolment proves itself under the collector's key alone") {
  SigningKey collector = test_key(6);
  auto document = encode_enrolment(sample(), collector);
  auto decoded = decode_enrolment(document, collector.public_key());
  REQUIRE(decoded);
  CHECK(decoded->writer == test_id(4));
  CHECK(decoded->writer_key == test_key(5).public_key());
  CHECK(decoded->claims.at("pod") == "agent");
  CHECK(decoded->wall_ns == 123);
  auto other = decode_enrolment(document, test_key(7).public_key());
  REQUIRE_FALSE(other);
  CHECK(other.error().message.find("give the key of the collector") != std::string::npos);
  CHECK(read_enrolment(document).ok());
}

TEST_CASE("no byte of an enrolment can be altered, cut or added") {
  SigningKey collector = test_key(6);
  auto document = encode_enrolment(sample(), collector);
  for (std::size_t i = 0; i < document.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      document[i] ^= static_cast<std::uint8_t>(1 << bit);
      CHECK_FALSE(decode_enrolment(document, collector.public_key()));
      CHECK_FALSE(read_enrolment(document));
      document[i] ^= static_cast<std::uint8_t>(1 << bit);
    }
    CHECK_FALSE(read_enrolment(Bytes(document).first(i)));
  }
  document.push_back(0);
  CHECK_FALSE(read_enrolment(document));
}

TEST_CASE("a checkpoint holds for its writer, its chain and its key only") {
  TestChain chain(test_id(1), 2);
  chain.add("x");
  chain.checkpoint();
  Buffer record = chain.records().back();
  auto decoded = decode_record(record);
  REQUIRE(decoded);
  CHECK(checkpoint_valid(*decoded, record, test_id(1)));
  CHECK_FALSE(checkpoint_valid(*decoded, record, test_id(2)));
  for (std::size_t i = 0; i < record.size(); ++i) {
    record[i] ^= 1;
    auto altered = decode_record(record);
    CHECK_FALSE((altered && checkpoint_valid(*altered, record, test_id(1))));
    record[i] ^= 1;
  }
}

}  // namespace
}  // namespace chaperone::audit
