// Disks that fail: the spool refuses and says why, and never claims what is not so.

#include <cerrno>

#include "tests/unit/spool/fixture.h"

#include <catch2/catch.hpp>  // last: its CHECK is the test's

namespace chaperone::spool {
namespace {

TEST_CASE("no room on the disk: refused while it lasts, then on again") {
  TempDir dir;
  LyingDisk disk;
  auto spool = must_open(options_in(dir), disk);
  std::string text(50'000, 'q');
  disk.create_fails = -ENOSPC;
  std::uint64_t taken = 0;
  Result<Position> last = Position{};
  while ((last = append_command(*spool, taken + 1, text))) ++taken;
  CHECK(last.error().message.find("No space left") != std::string::npos);
  CHECK_FALSE(append_command(*spool, 1, text));
  disk.create_fails = 0;
  REQUIRE(append_command(*spool, 1, text));
  auto records = all_records(*spool);
  CHECK(chain_breaks(records) == 0);
  CHECK(count_kind(records, audit::RecordKind::kLoss) == 1);
}

TEST_CASE("a failed write is no record, and the next one stands in its place") {
  TempDir dir;
  LyingDisk disk;
  disk.mapped = false;
  auto spool = must_open(options_in(dir), disk);
  for (int fail_at = 0; fail_at < 2; ++fail_at) {
    disk.write_fails = -ENOSPC;
    disk.writes_before_failure = fail_at;
    auto before = spool->chain();
    CHECK_FALSE(append_command(*spool, 1, std::string(3000, 'x')));
    CHECK(spool->chain() == before);
    disk.write_fails = 0;
    REQUIRE(append_command(*spool, 2));
  }
  CHECK(chain_breaks(all_records(*spool)) == 0);
  spool.reset();
  spool = must_open(options_in(dir), disk);
  CHECK(spool->recovery().damage_bytes == 0);
  CHECK(chain_breaks(all_records(*spool)) == 0);
}

TEST_CASE("a disk that could not sync is not trusted again") {
  TempDir dir;
  LyingDisk disk;
  auto spool = must_open(options_in(dir), disk);
  REQUIRE(append_command(*spool, 1));
  REQUIRE(spool->sync());
  Position safe = spool->durable();
  REQUIRE(append_command(*spool, 2));
  disk.sync_fails = -EIO;
  auto synced = spool->sync();
  REQUIRE_FALSE(synced);
  CHECK(synced.error().message.find("failed to write") != std::string::npos);
  disk.sync_fails = 0;
  CHECK_FALSE(spool->sync());
  CHECK(spool->durable() == safe);
  CHECK_FALSE(append_command(*spool, 3));
}

TEST_CASE("without safe mappings everything works the same") {
  TempDir dir;
  LyingDisk disk;
  disk.mapped = false;
  for (int start = 0; start < 3; ++start) {
    auto spool = must_open(options_in(dir), disk);
    for (std::uint64_t i = 1; i <= 300; ++i)
      REQUIRE(append_command(*spool, i, std::string(i * 40, 'w')));
    auto records = all_records(*spool);
    CHECK(chain_breaks(records) == 0);
    CHECK(records.size() == spool->appended().sequence);
  }
}

}  // namespace
}  // namespace chaperone::spool
