// A folder that a power cut or a bad disk has damaged: what is sound is kept, what is not is told.

#include <filesystem>

#include "audit/decoded.h"
#include "audit/segment.h"
#include "tests/unit/spool/fixture.h"

#include <catch2/catch.hpp>  // last: its CHECK is the test's

namespace chaperone::spool {
namespace {

using audit::RecordKind;

// A spool that was killed after a few records; reopened from copies that are then damaged.
class Crashed {
 public:
  Crashed() {
    SpoolOptions options = options_in(dir_);
    disk_.syncs = false;
    auto spool = must_open(options, disk_);
    for (std::uint64_t i = 1; i <= 5; ++i) {
      REQUIRE(append_command(*spool, i, "SELECT " + std::to_string(i)));
      REQUIRE(append_outcome(*spool, i));
    }
    std::string path = segment_files(options.dir).at(0);
    content_ = slurp(path);
    used_ = audit::kSegmentHeaderBytes;
    audit::SegmentReader reader(as_bytes(content_),
                                audit::read_segment_header(as_bytes(content_))->marker,
                                audit::SegmentReader::Mode::kWhole);
    while (reader.next() == audit::SegmentStep::kRecord) used_ = reader.end();
    name_ = std::filesystem::path(path).filename();
  }
  std::size_t used() const { return used_; }
  const std::string& content() const { return content_; }

  std::unique_ptr<Spool> open_with(std::string_view content) {
    SpoolOptions options = options_in(dir_);
    options.dir = dir_ / "copy";
    std::filesystem::remove_all(options.dir);
    std::filesystem::create_directory(options.dir);
    spill(options.dir + "/" + name_, content);
    return must_open(options, disk_);
  }

 private:
  TempDir dir_{On::kMemory};
  LyingDisk disk_;
  std::string content_, name_;
  std::size_t used_ = 0;
};

TEST_CASE("undamaged, the crashed spool holds all of it") {
  Crashed crashed;
  auto spool = crashed.open_with(crashed.content());
  CHECK(spool->recovery().records == 11);
  CHECK(spool->recovery().unclean);
  CHECK(spool->recovery().damage_bytes == 0);
  CHECK(chain_breaks(all_records(*spool)) == 0);
}

TEST_CASE("cut at every byte, the rest is kept and the chain goes on") {
  Crashed crashed;
  std::uint64_t most = 0;
  for (std::size_t left = crashed.used() - audit::kSegmentHeaderBytes + 1; left-- > 0;) {
    std::size_t size = crashed.used() - left;
    auto spool = crashed.open_with(std::string_view(crashed.content()).substr(0, size));
    CHECK(spool->recovery().records >= most);
    most = spool->recovery().records;
    auto records = all_records(*spool);
    CHECK(chain_breaks(records) == 0);
    CHECK(records.size() == spool->appended().sequence);
  }
  CHECK(most == 11);
}

TEST_CASE("every byte altered: one record lost at most, and recorded as lost") {
  Crashed crashed;
  for (std::size_t i = audit::kSegmentHeaderBytes; i < crashed.used(); i += 3) {
    std::string altered = crashed.content();
    altered[i] = static_cast<char>(altered[i] ^ 0x20);
    auto spool = crashed.open_with(altered);
    const Recovery& recovery = spool->recovery();
    bool padding = recovery.records == 11;
    CHECK(recovery.records >= 10);
    CHECK((padding || recovery.damage_bytes > 0));
    auto records = all_records(*spool);
    CHECK(count_kind(records, RecordKind::kLoss) == (padding ? 0 : 1));
    CHECK(chain_breaks(records) <= 1);
    CHECK(records.size() >= recovery.records);
  }
}

TEST_CASE("a lost record in the middle is counted and named") {
  Crashed crashed;
  std::string altered = crashed.content();
  std::size_t at = altered.find("SELECT 3");
  REQUIRE(at != std::string::npos);
  altered[at] = 'X';
  auto spool = crashed.open_with(altered);
  CHECK(spool->recovery().lost_records == 1);
  for (const std::string& record : all_records(*spool)) {
    auto decoded = audit::decode_record(as_bytes(record));
    if (decoded->kind != RecordKind::kLoss) continue;
    CHECK(decoded->lost_first == 6);
    CHECK(decoded->lost_last == 6);
    CHECK(decoded->damage_bytes > 0);
  }
}

TEST_CASE("zeroed pages, as a power cut leaves them") {
  Crashed crashed;
  for (std::size_t page = 0; page < crashed.used(); page += 512) {
    std::string altered = crashed.content();
    std::fill_n(altered.begin() + static_cast<std::ptrdiff_t>(page), 512, '\0');
    auto spool = crashed.open_with(altered);
    auto records = all_records(*spool);
    CHECK(count_kind(records, RecordKind::kWriterStart) >= 1);
    CHECK(records.size() >= spool->recovery().records);
  }
}

TEST_CASE("a segment without its header is still read") {
  Crashed crashed;
  std::string altered = crashed.content();
  std::fill_n(altered.begin(), audit::kSegmentHeaderBytes, '\xAA');
  auto spool = crashed.open_with(altered);
  CHECK(spool->recovery().records == 11);
  CHECK(spool->recovery().damage_bytes > 0);
}

TEST_CASE("garbage, empty and blank files do not stop a start") {
  Crashed crashed;
  for (const std::string& content : {std::string(), std::string(5000, '\0'), std::string(5000, 'g'),
                                     std::string(100, 'g'), std::string(2 << 20, '\0')}) {
    auto spool = crashed.open_with(content);
    CHECK(append_command(*spool, 1));
    CHECK(all_records(*spool).size() >= 2);
  }
}

TEST_CASE("an append that never returned is dropped without a word; one that returned is not") {
  Crashed crashed;
  std::string torn = crashed.content();
  // As SegmentFile leaves it when killed before the marker: zeros, then something.
  torn.replace(crashed.used() + 8, 40, std::string(40, 'z'));
  auto spool = crashed.open_with(torn);
  CHECK(spool->recovery().torn_bytes > 0);
  CHECK(spool->recovery().damage_bytes == 0);
  CHECK(count_kind(all_records(*spool), RecordKind::kLoss) == 0);
  spool.reset();
  std::string damaged = crashed.content();
  damaged[crashed.used() - 12] ^= 1;  // in the last entry
  spool = crashed.open_with(damaged);
  CHECK(spool->recovery().damage_bytes > 0);
  CHECK(count_kind(all_records(*spool), RecordKind::kLoss) == 1);
}

}  // namespace
}  // namespace chaperone::spool
