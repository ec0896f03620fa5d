// Whoever holds an export, but no key, tries to make it say something else.
#include <algorithm>

#include "audit/export.h"
#include "audit/verify.h"
#include "tests/unit/audit/sample.h"

#include <catch2/catch.hpp>  // last: its CHECK is the test's

namespace chaperone::audit {
namespace {

SigningKey collector() { return test_key(0xC0); }

TestChain long_chain(const Id& writer = test_id(1), std::uint8_t key = 2) {
  TestChain chain(writer, key);
  for (int part = 0; part < 4; ++part) {
    for (int i = 0; i < 4; ++i) chain.add("statement " + std::to_string(part * 4 + i));
    chain.checkpoint();
  }
  return chain;  // 20 records, checkpoints 5, 10, 15, 20
}

struct Run {
  const TestChain* chain;
  std::size_t first, last;  // [first, last), from 0
};

// An export of these runs, each in a section of its own, with a count that fits.
std::string export_of(const std::vector<Run>& runs, bool enrolled = true) {
  std::string out;
  ExportWriter writer(out);
  writer.header("{}");
  for (const Run& run : runs) {
    PublicKey key = run.chain->key().public_key();
    if (enrolled) writer.enrolment(encode_enrolment({run.chain->writer(), key, 1, {}}, collector()));
  }
  for (const Run& run : runs) {
    writer.section(run.chain->writer());
    for (std::size_t i = run.first; i < run.last; ++i) writer.record(run.chain->records()[i]);
  }
  writer.end();
  return out;
}

VerifyReport check(const std::string& file) {
  return verify_export(as_bytes(file), collector().public_key());
}

TEST_CASE("a run left out between two checkpoints is seen, though each part holds by itself") {
  TestChain chain = long_chain();
  VerifyReport report = check(export_of({{&chain, 0, 10}, {&chain, 15, 20}}));
  CHECK_FALSE(report.whole());
  CHECK(report.proven == 10);  // the second part proves nothing
  CHECK(report.breaks[0].why.find("second time") != std::string::npos);
}

TEST_CASE("runs repeated, or in another order, are seen") {
  TestChain chain = long_chain();
  CHECK_FALSE(check(export_of({{&chain, 0, 20}, {&chain, 0, 20}})).whole());
  CHECK_FALSE(check(export_of({{&chain, 10, 20}, {&chain, 0, 10}})).whole());
  CHECK_FALSE(check(export_of({{&chain, 0, 10}, {&chain, 10, 20}})).whole());
}

TEST_CASE("a forked chain is seen: two writers with one id, whatever keys they hold") {
  TestChain chain = long_chain(), other(test_id(1), 2);
  other.add("another history");
  other.checkpoint();
  CHECK_FALSE(check(export_of({{&chain, 0, 20}, {&other, 0, 2}})).whole());
  TestChain second = long_chain(test_id(1), 7);
  CHECK_FALSE(check(export_of({{&chain, 0, 20}, {&second, 0, 20}})).whole());
}

TEST_CASE("what an export begins and ends with is said") {
  TestChain chain = long_chain();
  VerifyReport report = check(export_of({{&chain, 5, 15}}));
  CHECK(report.whole());
  CHECK(report.sections[0].first_sequence == 6);
  CHECK(report.sections[0].last_sequence == 15);
  CHECK(report.sections[0].first_ns == 1'700'000'000'000'000'000);
}

TEST_CASE("records swapped between two writers are seen") {
  TestChain a = long_chain(test_id(1), 2), b = long_chain(test_id(2), 3);
  std::string sound = export_of({{&a, 0, 20}, {&b, 0, 20}});
  REQUIRE(check(sound).whole());
  std::string out;
  ExportWriter writer(out);
  writer.header("{}");
  for (const TestChain* chain : {&a, &b}) {
    PublicKey key = chain->key().public_key();
    writer.enrolment(encode_enrolment({chain->writer(), key, 1, {}}, collector()));
  }
  for (const TestChain* chain : {&a, &b}) {
    const TestChain* other = chain == &a ? &b : &a;
    writer.section(chain->writer());
    for (std::size_t i = 0; i < 20; ++i)
      writer.record((i == 7 || i == 9 ? other : chain)->records()[i]);
  }
  writer.end();
  VerifyReport report = check(out);
  CHECK_FALSE(report.whole());
  for (const Section& section : report.sections) CHECK(section.proven < 20);
}

TEST_CASE("a whole section under another writer's name proves nothing") {
  TestChain a = long_chain(test_id(1), 2), b = long_chain(test_id(2), 3);
  std::string out;
  ExportWriter writer(out);
  writer.header("{}");
  for (const TestChain* chain : {&a, &b}) {
    PublicKey key = chain->key().public_key();
    writer.enrolment(encode_enrolment({chain->writer(), key, 1, {}}, collector()));
  }
  writer.section(a.writer());
  for (const Buffer& record : b.records()) writer.record(record);
  writer.end();
  CHECK(check(out).proven == 0);
  CHECK_FALSE(check(out).whole());
}

TEST_CASE("an empty export, one without records, and two in one file prove nothing more") {
  TestChain chain = long_chain();
  CHECK_FALSE(check("").whole());
  CHECK_FALSE(check(export_of({})).whole());
  CHECK_FALSE(check(export_of({{&chain, 0, 0}})).whole());
  CHECK(check(export_of({})).breaks[0].why.find("no record") != std::string::npos);
  std::string once = export_of({{&chain, 0, 20}});
  CHECK_FALSE(check(once + once).whole());
  CHECK_FALSE(check(once + "x").whole());
  CHECK_FALSE(check(export_of({{&chain, 0, 20}}, false)).whole());
}

TEST_CASE("an enrolment that was altered, or belongs to another writer, enrols nobody") {
  TestChain chain = long_chain();
  for (bool altered : {true, false}) {
    std::string out;
    ExportWriter writer(out);
    writer.header("{}");
    PublicKey key = chain.key().public_key();
    auto document =
        encode_enrolment({altered ? chain.writer() : test_id(9), key, 1, {{"pod", "a"}}},
                         collector());
    if (altered) *std::find(document.begin(), document.end(), 'a') = 'b';
    writer.enrolment(document);
    writer.section(chain.writer());
    for (const Buffer& record : chain.records()) writer.record(record);
    writer.end();
    CHECK_FALSE(check(out).whole());
    CHECK(check(out).proven == 0);
  }
}

TEST_CASE("claimed sizes cost nothing: a frame of 4 GiB, a million sections, a sea of zeros") {
  TestChain chain = long_chain();
  std::string sound = export_of({{&chain, 0, 20}});
  std::string huge = sound;
  huge.replace(0, 4, std::string(4, '\xFF'));
  CHECK_FALSE(check(huge).whole());

  std::string many;
  ExportWriter writer(many);
  writer.header("{}");
  for (std::uint32_t i = 0; i < kSectionsMax + 1000; ++i) {
    Id id{};
    for (std::size_t byte = 0; byte < 4; ++byte)
      id[byte] = static_cast<std::uint8_t>(i >> (8 * byte));
    writer.section(id);
  }
  writer.end();
  VerifyReport report = check(many);
  CHECK_FALSE(report.whole());
  CHECK(report.sections.size() == kSectionsMax);
  CHECK(report.breaks.size() <= kBreaksMax);

  std::string zeros = sound + std::string(80 << 20, '\0') + sound;
  CHECK_FALSE(check(zeros).whole());
}

}  // namespace
}  // namespace chaperone::audit
