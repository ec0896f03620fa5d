#include "collector/store/store.h"

#include <fstream>
#include "audit/checkpoint.h"

#include "collector/ingest/alarms.h"
#include "collector/ingest/store_check.h"
#include "collector/store/query.h"
#include "tests/unit/audit/sample.h"
#include "tests/unit/collector/folder.h"

#include <catch2/catch.hpp>  // last: its CHECK is the test's

using namespace chaperone;
using namespace chaperone::collector;

namespace {
constexpr std::int64_t kDayNs = 86'400ll * 1'000'000'000;

struct Kept {
  TestFolder folder;
  audit::SigningKey collector = audit::test_key(42);
  audit::TestChain chain{audit::test_id(1), 1};

  std::unique_ptr<Store> open(std::uint64_t file_bytes = 1 << 20, std::uint64_t bytes_max = 0) {
    auto store =
        Store::open({folder.path + "/data", file_bytes, bytes_max}, collector.public_key());
    REQUIRE(store);
    return std::move(*store);
  }
  std::string enrolment(std::int64_t at_ns) {
    auto document = audit::encode_enrolment(
        {chain.writer(), chain.key().public_key(), at_ns, {{"pod", "p1"}}}, collector);
    std::string frames;
    append_log_enrolment(frames, "token", at_ns, document);
    return frames;
  }
  std::string records(std::size_t first, std::size_t last, std::int64_t at_ns) {
    while (chain.records().size() < last)
      chain.add("SELECT number_" + std::to_string(chain.records().size() + 1));
    std::string frames;
    for (std::size_t i = first; i < last; ++i)
      append_log_record(frames, chain.writer(), at_ns, chain.records()[i]);
    return frames;
  }
  std::size_t found(Store& store, const std::string& text) {
    auto query = Query::open(store.index_path(), store.log_dir());
    REQUIRE(query);
    Filter filter;
    filter.text = text;
    Page page;
    page.limit = 1000;
    auto rows = (*query)->records(filter, page);
    REQUIRE(rows);
    for (const RecordRow& row : *rows) CHECK((*query)->record(row).ok());
    return rows->size();
  }
};
}  // namespace

TEST_CASE("what was committed is found, and known at the next start") {
  Kept kept;
  {
    auto store = kept.open();
    REQUIRE(store->commit(kept.enrolment(1)));
    REQUIRE(store->commit(kept.records(0, 5, 2)));
    REQUIRE(store->commit(kept.records(0, 5, 3)));  // twice is once
    CHECK(kept.found(*store, "number_3") == 1);
    CHECK(kept.found(*store, "number_*") == 5);
  }
  auto store = kept.open();
  REQUIRE(store->writers().size() == 1);
  const KnownWriter& writer = store->writers()[0];
  CHECK(writer.writer == kept.chain.writer());
  CHECK(writer.token == "token");
  CHECK(writer.chain.sequence == 5);
  CHECK(writer.chain.hash == audit::sha256(kept.chain.records()[4]));
  CHECK(writer.keys == std::vector<audit::PublicKey>{kept.chain.key().public_key()});
  CHECK(writer.claims.at("pod") == "p1");
}

TEST_CASE("retention deletes whole files, and keeps enrolments that are still needed") {
  Kept kept;
  auto store = kept.open(/*file_bytes=*/700);
  REQUIRE(store->commit(kept.enrolment(kDayNs)));
  for (std::size_t i = 0; i < 20; ++i) {
    REQUIRE(store->commit(kept.records(i, i + 1, (i < 10 ? 1 : 300) * kDayNs)));
  }
  std::uint64_t before = store->status().log_bytes;
  auto forgotten = store->forget_before(200 * kDayNs);
  REQUIRE(forgotten);
  CHECK(*forgotten > 0);
  CHECK(kept.found(*store, "number_20") == 1);
  CHECK(kept.found(*store, "number_1") == 0);
  REQUIRE(store->commit(kept.records(20, 21, 300 * kDayNs)));
  CHECK(store->status().log_bytes < before);
  store.reset();
  // From what is left of the log alone the writer is known as before.
  std::filesystem::remove(kept.folder.path + "/data/index.sqlite");
  store = kept.open(700);
  REQUIRE(store->writers().size() == 1);
  CHECK(store->writers()[0].chain.sequence == 21);
  CHECK(store->writers()[0].keys.size() == 1);
}

TEST_CASE("a full store refuses, and says what to do") {
  Kept kept;
  auto store = kept.open(1 << 20, 1000);
  Result<void> result;
  for (std::size_t i = 0; i < 20 && result.ok(); ++i)
    result = store->commit(kept.records(i, i + 1, 1));
  REQUIRE(!result);
  CHECK(result.error().message.find("--store-bytes-max") != std::string::npos);
}

TEST_CASE("damage in the log is an alarm that names the record, found without being asked for") {
  Kept kept;
  auto store = kept.open();
  REQUIRE(store->commit(kept.enrolment(1)));
  REQUIRE(store->commit(kept.records(0, 5, 2)));
  Filter filter;
  Page page;
  page.limit = 10;
  auto query = Query::open(store->index_path(), store->log_dir());
  auto rows = (*query)->records(filter, page);
  REQUIRE(rows);
  const RecordRow& third = (*rows)[2];
  {
    std::fstream file(log_path(store->log_dir(), 1), std::ios::in | std::ios::out);
    file.seekp(static_cast<std::streamoff>(third.at.offset + third.bytes - 1)).put('\x7f');
  }
  Alarms alarms(*store, kept.folder.path + "/evidence");
  StoreCheck check(*store, alarms);
  for (std::int64_t second = 0; second < 5; ++second) REQUIRE(check.step(second));
  CHECK(alarms.count(AlarmKind::kStoreDamaged) == 1);  // the next walk is a day away
  auto raised = (*query)->alarms("store_damaged", page);
  REQUIRE(raised);
  REQUIRE(raised->size() == 1);
  CHECK((*raised)[0].writer == kept.chain.writer());
  CHECK((*raised)[0].sequence == 3);
  // Without the index the place is told; what lies behind it is found again.
  store.reset();
  std::filesystem::remove(kept.folder.path + "/data/index.sqlite");
  store = kept.open();
  REQUIRE(store->damages().size() == 1);
  CHECK(store->damages()[0].at == third.at);
  CHECK(kept.found(*store, "number_2") == 1);
  CHECK(kept.found(*store, "number_3") == 0);
  CHECK(kept.found(*store, "number_5") == 1);
  CHECK(store->writers()[0].chain.sequence == 5);
}

TEST_CASE("an alarm that repeats is one alarm, and evidence is kept once") {
  Kept kept;
  auto store = kept.open();
  Alarms alarms(*store, kept.folder.path + "/evidence");
  for (int i = 0; i < 5; ++i)
    alarms.raise(AlarmKind::kFork, kept.chain.writer(), 7, "twice", "bytes");
  alarms.raise(AlarmKind::kGap, kept.chain.writer(), 9, "missing");
  CHECK(alarms.count(AlarmKind::kFork) == 5);
  auto query = Query::open(store->index_path(), store->log_dir());
  REQUIRE(query);
  Page page;
  page.limit = 10;
  auto rows = (*query)->alarms("", page);
  REQUIRE(rows);
  REQUIRE(rows->size() == 2);
  CHECK((*rows)[1].sequence == 7);
  CHECK(std::filesystem::exists(kept.folder.path + "/evidence/" + (*rows)[1].evidence));
  for (std::uint64_t i = 0; i < kAlarmsPerWriterMax + 50; ++i) {
    alarms.raise(AlarmKind::kClock, audit::test_id(3), i + 1, "many");
  }
  page.limit = 5000;
  rows = (*query)->alarms("clock", page);
  REQUIRE(rows);
  CHECK(rows->size() == kAlarmsPerWriterMax + 1);
}
