#include "audit/verify.h"

#include "audit/export.h"
#include "tests/unit/audit/sample.h"

#include <catch2/catch.hpp>  // last: its CHECK is the test's

namespace chaperone::audit {
namespace {

SigningKey collector() { return test_key(0xC0); }

// 1 a, 2 b, 3 checkpoint, 4 c, 5 d, 6 checkpoint, 7 e (not yet signed)
TestChain sample_chain() {
  TestChain chain(test_id(1), 2);
  chain.add("a");
  chain.add("b");
  chain.checkpoint();
  chain.add("c");
  chain.add("d");
  chain.checkpoint();
  chain.add("e");
  return chain;
}

std::string export_of(const TestChain& chain, const std::vector<Buffer>& records,
                      const SigningKey& signer = collector()) {
  std::string out;
  ExportWriter writer(out);
  writer.header("{}");
  writer.enrolment(encode_enrolment({chain.writer(), chain.key().public_key(), 1, {}}, signer));
  writer.section(chain.writer());
  for (const Buffer& record : records) writer.record(record);
  writer.end();
  return out;
}

VerifyReport check(const std::string& file) {
  return verify_export(as_bytes(file), collector().public_key());
}

TEST_CASE("a sound export is whole; what is not signed yet is said") {
  TestChain chain = sample_chain();
  VerifyReport report = check(export_of(chain, chain.records()));
  INFO((report.breaks.empty() ? "" : report.breaks[0].why));
  CHECK(report.whole());
  CHECK(report.records == 7);
  CHECK(report.proven == 6);
  CHECK(report.unsigned_tail == 1);
  REQUIRE(report.sections.size() == 1);
  CHECK(report.sections[0].checkpoints == 2);
  CHECK(report.sections[0].enrolments.size() == 1);
}

TEST_CASE("every altered byte of the file is noticed") {
  TestChain chain = sample_chain();
  const std::string file = export_of(chain, chain.records());
  for (std::size_t i = 0; i < file.size(); ++i) {
    std::string altered = file;
    altered[i] = static_cast<char>(altered[i] ^ 1);
    CHECK_FALSE(check(altered).whole());
  }
}

TEST_CASE("every cut of the file is noticed") {
  TestChain chain = sample_chain();
  const std::string file = export_of(chain, chain.records());
  for (std::size_t size = 0; size < file.size(); ++size)
    CHECK_FALSE(check(file.substr(0, size)).whole());
}

TEST_CASE("an altered byte names its record, though the forger mends the checksum") {
  TestChain chain = sample_chain();
  for (std::size_t k = 0; k < 6; ++k) {
    auto records = chain.records();
    auto& text = records[k];
    text[60] ^= 1;  // inside the times: still a record
    VerifyReport report = check(export_of(chain, records));
    CHECK_FALSE(report.whole());
    REQUIRE(!report.breaks.empty());
    INFO(report.breaks[0].why);
    CHECK(report.breaks[0].sequence == k + 1);
    CHECK(report.break_count == 1);
  }
}

TEST_CASE("an altered byte that breaks the checksum names its record too") {
  TestChain chain = sample_chain();
  std::string file = export_of(chain, chain.records());
  std::string needle(as_text(chain.records()[4]));
  std::size_t at = file.find(needle);
  REQUIRE(at != std::string::npos);
  file[at + 70] = static_cast<char>(file[at + 70] ^ 1);
  VerifyReport report = check(file);
  REQUIRE(report.break_count == 1);
  CHECK(report.breaks[0].sequence == 5);
  CHECK(report.breaks[0].offset == at - kFrameHeadBytes - 1);
  CHECK(report.proven == 4);  // 1 to 3 by the first checkpoint; the second proves itself alone
}

TEST_CASE("a missing, swapped or doubled record is named") {
  TestChain chain = sample_chain();
  auto missing = chain.records();
  missing.erase(missing.begin() + 3);
  VerifyReport report = check(export_of(chain, missing));
  REQUIRE(report.break_count == 1);
  CHECK(report.breaks[0].sequence == 4);
  CHECK(report.breaks[0].why == "record 4 is missing before record 5");

  auto swapped = chain.records();
  std::swap(swapped[3], swapped[4]);
  report = check(export_of(chain, swapped));
  CHECK(report.break_count >= 2);
  CHECK(report.breaks[0].sequence == 4);

  auto doubled = chain.records();
  doubled.insert(doubled.begin() + 1, doubled[1]);
  report = check(export_of(chain, doubled));
  CHECK_FALSE(report.whole());
  CHECK(report.breaks[0].sequence == 2);
}

TEST_CASE("a chain without a checkpoint proves nothing") {
  TestChain chain(test_id(1), 2);
  chain.add("forged");
  VerifyReport report = check(export_of(chain, chain.records()));
  CHECK_FALSE(report.whole());
  CHECK(report.proven == 0);
}

TEST_CASE("a chain that another key signed, or another collector enrolled, proves nothing") {
  TestChain chain = sample_chain();
  CHECK_FALSE(check(export_of(chain, chain.records(), test_key(0xC1))).whole());
  TestChain forged(test_id(1), 3);  // same writer, the forger's own key
  forged.add("a");
  forged.checkpoint();
  std::string file = export_of(chain, forged.records());
  VerifyReport report = check(file);
  CHECK_FALSE(report.whole());
  CHECK(report.proven == 0);
  CHECK(report.breaks[0].why.find("no enrolment") != std::string::npos);
}

TEST_CASE("another writer's records do not pass under this one's name") {
  TestChain chain = sample_chain(), other(test_id(8), 2);
  other.add("a");
  other.checkpoint();
  CHECK_FALSE(check(export_of(chain, other.records())).whole());
}

TEST_CASE("an export may begin anywhere; what follows is proven") {
  TestChain chain = sample_chain();
  std::vector<Buffer> later(chain.records().begin() + 2, chain.records().end());
  VerifyReport report = check(export_of(chain, later));
  CHECK(report.whole());
  CHECK(report.sections[0].first_sequence == 3);
  CHECK(report.proven == 4);
}

TEST_CASE("the forged record is found behind damage and proves nothing") {
  TestChain chain = sample_chain();
  auto records = chain.records();
  std::string file = export_of(chain, records);
  std::size_t at = file.find(std::string(as_text(records[1])));
  file[at - kFrameHeadBytes - 1 + 2] ^= 0x40;  // the length itself: the reader must search
  VerifyReport report = check(file);
  CHECK_FALSE(report.whole());
  CHECK(report.breaks[0].sequence == 2);
  CHECK(report.proven == 4);  // 3 alone, then 4 to 6
}

}  // namespace
}  // namespace chaperone::audit
