#include "sidecar/spool/spool.h"

#include <sys/stat.h>

#include <filesystem>

#include "audit/checkpoint.h"
#include "audit/decoded.h"
#include "audit/export.h"
#include "audit/fields.h"
#include "audit/segment.h"
#include "audit/verify.h"
#include "audit/wire.h"
#include "tests/unit/spool/fixture.h"

#include <catch2/catch.hpp>  // last: its CHECK is the test's

namespace chaperone::spool {
namespace {

using audit::RecordKind;

TEST_CASE("a fresh spool says who writes, and takes records in order") {
  TempDir dir;
  auto spool = must_open(options_in(dir));
  CHECK(spool->recovery().fresh);
  CHECK_FALSE(spool->recovery().unclean);
  CHECK(spool->appended().sequence == 1);
  CHECK(append_command(*spool, 1)->sequence == 2);
  CHECK(append_outcome(*spool, 1)->sequence == 3);
  auto records = all_records(*spool);
  REQUIRE(records.size() == 3);
  CHECK(chain_breaks(records) == 0);
  auto start = audit::decode_record(as_bytes(records[0]));
  REQUIRE(start);
  CHECK(start->kind == RecordKind::kWriterStart);
  CHECK(start->pod == "agent");
  CHECK(start->writer == spool->writer());
  CHECK(start->key == spool->public_key());
  CHECK(start->build == "test");
}

TEST_CASE("what the spool writes of its own names who, as every record does") {
  TempDir dir;
  { auto spool = must_open(options_in(dir)); }
  auto segments = segment_files(options_in(dir).dir);
  std::string damaged = slurp(segments.at(0));
  damaged[audit::kSegmentHeaderBytes + 60] ^= 1;  // the start's record: a loss is to be told
  spill(segments.at(0), damaged);
  auto spool = must_open(options_in(dir));
  REQUIRE(append_command(*spool, 1));
  REQUIRE(spool->checkpoint(5, 6));
  for (const std::string& bytes : all_records(*spool)) {
    auto record = audit::decode_record(as_bytes(bytes));
    REQUIRE(record);
    INFO(name_of(record->kind));
    bool ours = record->kind != RecordKind::kCheckpoint && record->kind != RecordKind::kCommand;
    if (ours) CHECK(record->pod == "agent");
  }
  CHECK(count_kind(all_records(*spool), RecordKind::kLoss) == 1);
}

TEST_CASE("the chain, the writer and the key go on over clean restarts") {
  TempDir dir;
  audit::Id writer{};
  for (int start = 0; start < 4; ++start) {
    auto spool = must_open(options_in(dir));
    if (start > 0) CHECK(spool->writer() == writer);
    CHECK_FALSE(spool->recovery().unclean);
    CHECK_FALSE(spool->recovery().rebooted);
    writer = spool->writer();
    REQUIRE(append_command(*spool, 1));
    REQUIRE(append_outcome(*spool, 1));
    REQUIRE(spool->close(7, 8));
    CHECK_FALSE(append_command(*spool, 2));
  }
  auto spool = must_open(options_in(dir));
  auto records = all_records(*spool);
  CHECK(chain_breaks(records) == 0);
  CHECK(count_kind(records, RecordKind::kWriterStart) == 5);
  CHECK(count_kind(records, RecordKind::kWriterStop) == 4);
  // A restart gives back the room it did not use.
  CHECK(spool->usage().bytes < 3 * options_in(dir).segment_bytes);
}

TEST_CASE("the chain goes on from segment to segment") {
  TempDir dir;
  auto spool = must_open(options_in(dir));
  std::string text(10'000, 'q');
  for (std::uint64_t i = 1; i <= 1000; ++i) REQUIRE(append_command(*spool, i, text));
  CHECK(spool->usage().segments > 3);
  for (std::size_t batch : {1u, 5'000u, 100'000u, 10'000'000u}) {
    auto records = all_records(*spool, batch);
    CHECK(records.size() == spool->appended().sequence);
    CHECK(chain_breaks(records) == 0);
  }
}

TEST_CASE("checkpoints come by number, by time and at the end; an export of it all proves itself") {
  TempDir dir;
  SpoolOptions options = options_in(dir);
  options.checkpoint_records = 10;
  auto spool = must_open(options);
  for (std::uint64_t i = 1; i <= 35; ++i) REQUIRE(append_command(*spool, i));
  CHECK(count_kind(all_records(*spool), RecordKind::kCheckpoint) == 3);
  REQUIRE(spool->tick(1, options.mono_ns + 10));
  CHECK(count_kind(all_records(*spool), RecordKind::kCheckpoint) == 3);
  REQUIRE(spool->tick(1, options.mono_ns + options.checkpoint_ns + 10));
  CHECK(count_kind(all_records(*spool), RecordKind::kCheckpoint) == 4);
  REQUIRE(spool->tick(1, options.mono_ns + 9 * options.checkpoint_ns));
  CHECK(count_kind(all_records(*spool), RecordKind::kCheckpoint) == 4);  // nothing came since

  audit::SigningKey collector = audit::SigningKey::generate();
  audit::Enrolment enrolment{spool->writer(), spool->public_key(), 1, {{"pod", "agent"}}};
  auto document = encode_enrolment(enrolment, collector);
  REQUIRE(spool->enrolled(document, 2, 3));
  REQUIRE(spool->close(4, 5));
  spool.reset();
  spool = must_open(options);
  CHECK(as_bytes(spool->enrolment()).size() == document.size());
  REQUIRE(spool->checkpoint(6, 7));
  std::string file;
  audit::ExportWriter writer(file);
  writer.header("{}");
  writer.enrolment(as_bytes(spool->enrolment()));
  writer.section(spool->writer());
  for (const std::string& record : all_records(*spool)) writer.record(as_bytes(record));
  writer.end();
  auto report = audit::verify_export(as_bytes(file), collector.public_key());
  CHECK(report.whole());
  CHECK(report.unsigned_tail == 0);
  CHECK(report.proven == spool->appended().sequence);
}

TEST_CASE("an enrolment for another writer or key is refused, an altered one too") {
  TempDir dir;
  auto spool = must_open(options_in(dir));
  audit::SigningKey collector = audit::SigningKey::generate();
  auto other = encode_enrolment({audit::random_id(), spool->public_key(), 1, {}}, collector);
  CHECK_FALSE(spool->enrolled(other, 1, 1));
  auto ours = encode_enrolment({spool->writer(), spool->public_key(), 1, {}}, collector);
  ours.back() ^= 1;
  CHECK_FALSE(spool->enrolled(ours, 1, 1));
  CHECK(spool->enrolment().empty());
}

TEST_CASE("a full spool denies commands, says so, and still takes what follows from them") {
  TempDir dir;
  SpoolOptions options = options_in(dir);
  auto spool = must_open(options);
  std::string text(20'000, 'q');
  std::uint64_t taken = 0;
  Result<Position> last = Position{};
  while ((last = append_command(*spool, taken + 1, text))) ++taken;
  CHECK(last.error().message.find("spool full") != std::string::npos);
  // By the key that the configuration has.
  CHECK(last.error().message.find("raise spool.size_max") != std::string::npos);
  CHECK(spool->usage().refused == 1);
  CHECK(spool->usage().full);
  for (std::uint64_t i = 1; i <= taken; ++i) REQUIRE(append_outcome(*spool, i));
  CHECK_FALSE(append_command(*spool, 999));
  CHECK(spool->usage().bytes <= options.bytes_max);

  // What was refused is told once there is room again.
  REQUIRE(spool->sync());
  spool->acknowledge(spool->appended());
  REQUIRE(append_command(*spool, 1000));
  CHECK_FALSE(spool->usage().full);
  auto records = all_records(*spool);
  CHECK(count_kind(records, RecordKind::kLoss) == 1);
  for (const std::string& record : records) {
    auto decoded = audit::decode_record(as_bytes(record));
    if (decoded->kind == RecordKind::kLoss) CHECK(decoded->refused == 2);
  }
}

TEST_CASE("a full spool opens, however often, and is shipped") {
  TempDir dir(On::kMemory);
  SpoolOptions options = options_in(dir);
  LyingDisk disk;
  disk.syncs = false;
  auto spool = must_open(options, disk);
  std::string text(20'000, 'q');
  for (std::uint64_t i = 1; append_command(*spool, i, text); ++i) {
  }
  for (std::uint64_t i = 1; append_outcome(*spool, i); ++i) {
  }  // the reserve as well
  for (int start = 0; start < 100; ++start) {
    spool.reset();
    spool = must_open(options, disk);
    CHECK_FALSE(append_command(*spool, 1));
    CHECK(spool->usage().bytes <= options.bytes_max);
  }
  auto records = all_records(*spool);
  CHECK(chain_breaks(records) == 0);
  spool->acknowledge(spool->durable());
  REQUIRE(append_command(*spool, 2));
  records = all_records(*spool);
  CHECK(audit::peek_head(as_bytes(records.back()))->operation == 2);
  CHECK(count_kind(records, RecordKind::kWriterStart) >= 1);
}

TEST_CASE("nothing is deleted before it is acknowledged") {
  TempDir dir;
  auto spool = must_open(options_in(dir));
  std::string text(10'000, 'q');
  for (std::uint64_t i = 1; i <= 900; ++i) REQUIRE(append_command(*spool, i, text));
  std::size_t before = segment_files(dir / "spool").size();
  REQUIRE(spool->sync());
  CHECK(segment_files(dir / "spool").size() == before);
  spool->acknowledge({spool->appended().sequence - 1});
  REQUIRE(spool->sync());
  CHECK(segment_files(dir / "spool").size() == 2);  // the one being written and one kept
  spool->acknowledge({1});                          // an old acknowledgement changes nothing
  CHECK(spool->acknowledged().sequence == spool->appended().sequence - 1);
  // The chain survives the deletion of its beginning.
  audit::ChainPoint at = spool->chain();
  REQUIRE(spool->close(1, 2));
  spool.reset();
  spool = must_open(options_in(dir));
  CHECK(spool->chain().sequence > at.sequence);
  auto records = all_records(*spool);
  CHECK(chain_breaks(records) == 1);  // the first record follows one that is gone
}

TEST_CASE("commands whose outcome a crash hid get one: unknown") {
  TempDir dir;
  SpoolOptions options = options_in(dir);
  {
    auto spool = must_open(options);
    for (std::uint64_t i = 1; i <= 4; ++i) REQUIRE(append_command(*spool, i));
    REQUIRE(append_command(*spool, 5, "DROP TABLE x", audit::Verdict::kDeny));
    REQUIRE(append_outcome(*spool, 2));
    // The next start finds what a crash would have left: no stop, no outcomes for 1, 3, 4.
    std::filesystem::copy(dir / "spool", dir / "crashed", std::filesystem::copy_options::recursive);
  }
  options.dir = dir / "crashed";
  auto spool = must_open(options);
  CHECK(spool->recovery().unclean);
  CHECK(spool->recovery().outcomes_unknown == 3);
  std::vector<std::uint64_t> unknown;
  for (const std::string& record : all_records(*spool)) {
    auto decoded = audit::decode_record(as_bytes(record));
    if (decoded->status == audit::OutcomeStatus::kUnknown) unknown.push_back(decoded->operation);
  }
  CHECK(unknown == std::vector<std::uint64_t>{1, 3, 4});
  REQUIRE(spool->close(1, 1));
  spool.reset();
  CHECK(must_open(options)->recovery().outcomes_unknown == 0);
}

TEST_CASE("the key is the writer's own") {
  TempDir dir;
  SpoolOptions options = options_in(dir);
  audit::PublicKey key = must_open(options)->public_key();
  std::string path = dir / "key/writer.key";
  struct stat info {};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
  CHECK(must_open(options)->public_key() == key);

  REQUIRE(::chmod(path.c_str(), 0644) == 0);
  auto open = try_open(options);
  REQUIRE_FALSE(open);
  CHECK(open.error().message.find("chmod 600") != std::string::npos);
  REQUIRE(::chmod(path.c_str(), 0600) == 0);
  spill(path, "nonsense");
  CHECK_FALSE(try_open(options));
  std::filesystem::remove(path);
  CHECK(must_open(options)->public_key() != key);
}

TEST_CASE("one writer at a time; impossible options are refused") {
  TempDir dir;
  SpoolOptions options = options_in(dir);
  auto spool = must_open(options);
  auto second = try_open(options);
  REQUIRE_FALSE(second);
  CHECK(second.error().message.find("in use") != std::string::npos);
  SpoolOptions small = options_in(dir);
  small.dir = dir / "other";
  small.bytes_max = 3 * small.segment_bytes;
  CHECK_FALSE(try_open(small));
  small = options_in(dir);
  small.segment_bytes = 4096;
  CHECK_FALSE(try_open(small));
}

TEST_CASE("a record larger than any may be is refused and nothing is written") {
  TempDir dir;
  auto spool = must_open(options_in(dir));
  audit::EncodedPart huge;
  std::string text(audit::kRecordBytesMax, 'x');
  audit::FieldWriter(huge).bytes(audit::field::kText, as_bytes(text));
  auto before = spool->chain();
  CHECK_FALSE(spool->append({RecordKind::kCommand, 1, 1, {}, 0}, {&huge}));
  CHECK(spool->chain() == before);
}

}  // namespace
}  // namespace chaperone::spool
