// A writer changes its key: who may sign what, before and after.
#include "audit/decoded.h"
#include "audit/export.h"
#include "audit/verify.h"
#include "tests/unit/audit/sample.h"

#include <catch2/catch.hpp>  // last: its CHECK is the test's

namespace chaperone::audit {
namespace {

SigningKey collector() { return test_key(0xC0); }

std::string export_of(const TestChain& chain, std::initializer_list<std::uint8_t> enrolled) {
  std::string out;
  ExportWriter writer(out);
  writer.header("{}");
  for (std::uint8_t fill : enrolled) {
    PublicKey key = test_key(fill).public_key();
    writer.enrolment(encode_enrolment({chain.writer(), key, 1, {}}, collector()));
  }
  writer.section(chain.writer());
  for (const Buffer& record : chain.records()) writer.record(record);
  writer.end();
  return out;
}

VerifyReport check(const TestChain& chain, std::initializer_list<std::uint8_t> enrolled) {
  return verify_export(as_bytes(export_of(chain, enrolled)), collector().public_key());
}

// 1 a, 2 checkpoint by 2, 3 b, 4 change to 3, 5 c, 6 checkpoint by 3
TestChain changed_chain() {
  TestChain chain(test_id(1), 2);
  chain.add("a");
  chain.checkpoint();
  chain.add("b");
  chain.change_key(3);
  chain.add("c");
  chain.checkpoint();
  return chain;
}

TEST_CASE("a change of key is followed, and vouches for what is before it") {
  VerifyReport report = check(changed_chain(), {2, 3});
  INFO((report.breaks.empty() ? "" : report.breaks[0].why));
  CHECK(report.whole());
  CHECK(report.proven == 6);
  CHECK(report.sections[0].key_changes == 1);
  CHECK(report.sections[0].checkpoints == 2);

  TestChain ends(test_id(1), 2);
  ends.add("a");
  ends.change_key(3);
  CHECK(check(ends, {2, 3}).proven == 2);
}

TEST_CASE("a key that the collector never enrolled is no successor") {
  VerifyReport report = check(changed_chain(), {2});
  CHECK_FALSE(report.whole());
  REQUIRE(!report.breaks.empty());
  CHECK(report.breaks[0].sequence == 4);
  CHECK(report.breaks[0].why.find("no enrolment") != std::string::npos);
  CHECK(report.proven == 2);
}

TEST_CASE("an enrolled key that was never named as the next may not sign") {
  TestChain chain(test_id(1), 2);
  chain.add("a");
  chain.checkpoint();
  chain.add("b");
  TestChain intruder = chain;
  intruder.sign_as(3);
  intruder.checkpoint();
  VerifyReport report = check(intruder, {2, 3});
  REQUIRE(report.break_count == 1);
  CHECK(report.breaks[0].sequence == 4);
  CHECK(report.breaks[0].why.find("never named it") != std::string::npos);
  CHECK(report.proven == 2);
}

TEST_CASE("the new key cannot announce itself") {
  TestChain chain(test_id(1), 2);
  chain.add("a");
  chain.checkpoint();
  chain.sign_as(3);
  chain.change_key(4);
  VerifyReport report = check(chain, {2, 3, 4});
  CHECK_FALSE(report.whole());
  CHECK(report.breaks[0].sequence == 3);
  CHECK(report.proven == 2);
}

TEST_CASE("a key that was given up signs nothing any more, also behind a gap") {
  TestChain chain = changed_chain();
  chain.sign_as(2);
  chain.add("written with a stolen old key");
  chain.checkpoint();
  VerifyReport report = check(chain, {2, 3});
  REQUIRE(report.break_count == 1);
  CHECK(report.breaks[0].why.find("gave up") != std::string::npos);
  CHECK(report.proven == 6);

  chain = changed_chain();
  chain.skip(5);
  chain.sign_as(2);
  chain.add("behind a gap");
  chain.checkpoint();
  report = check(chain, {2, 3});
  CHECK(report.break_count == 2);
  CHECK(report.proven == 6);
}

TEST_CASE("no byte of a change of key can be altered") {
  TestChain chain(test_id(1), 2);
  chain.add("x");
  chain.change_key(3);
  Buffer record = chain.records().back();
  auto decoded = decode_record(record);
  REQUIRE(decoded);
  CHECK(key_change_valid(*decoded, record, test_id(1)));
  CHECK_FALSE(key_change_valid(*decoded, record, test_id(2)));
  CHECK_FALSE(checkpoint_valid(*decoded, record, test_id(1)));
  for (std::size_t i = 0; i < record.size(); ++i) {
    record[i] ^= 1;
    auto altered = decode_record(record);
    CHECK_FALSE((altered && key_change_valid(*altered, record, test_id(1))));
    record[i] ^= 1;
  }
}

TEST_CASE("a checkpoint does not pass for a change of key, nor to the same key") {
  TestChain chain(test_id(1), 2);
  chain.add("x");
  chain.change_key(2);
  auto same = decode_record(chain.records().back());
  REQUIRE(same);
  CHECK_FALSE(key_change_valid(*same, chain.records().back(), test_id(1)));
}

}  // namespace
}  // namespace chaperone::audit
