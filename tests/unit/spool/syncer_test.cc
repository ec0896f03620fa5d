#include "sidecar/spool/syncer.h"

#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "tests/unit/spool/fixture.h"

#include <catch2/catch.hpp>  // last: its CHECK is the test's

namespace chaperone::spool {
namespace {

// What a loop does with the syncer's wake-ups.
class Waiter {
 public:
  void wake() {
    std::lock_guard lock(mutex_);
    woken_.notify_all();
  }
  template <class Condition>
  bool until(Condition condition) {
    std::unique_lock lock(mutex_);
    return woken_.wait_for(lock, std::chrono::seconds(60), condition);
  }

 private:
  std::mutex mutex_;
  std::condition_variable woken_;
};

TEST_CASE("what waits for the disk is woken when it is there") {
  TempDir dir;
  auto spool = must_open(options_in(dir));
  Waiter waiter;
  Syncer syncer(*spool, 10'000, [&] { waiter.wake(); });
  for (std::uint64_t i = 1; i <= 20; ++i) {
    auto position = append_command(*spool, i);
    REQUIRE(position);
    syncer.request();
    CHECK(waiter.until([&] { return spool->durable() >= *position; }));
  }
  CHECK_FALSE(syncer.failed());
}

TEST_CASE("without being asked it syncs within its interval") {
  TempDir dir;
  auto spool = must_open(options_in(dir));
  Waiter waiter;
  Syncer syncer(*spool, 5, [&] { waiter.wake(); });
  auto position = append_command(*spool, 1);
  REQUIRE(position);
  CHECK(waiter.until([&] { return spool->durable() >= *position; }));
}

TEST_CASE("a failure wakes as well, and is told") {
  TempDir dir;
  LyingDisk disk;
  auto spool = must_open(options_in(dir), disk);
  disk.sync_fails = -EIO;
  Waiter waiter;
  Syncer syncer(*spool, 5, [&] { waiter.wake(); });
  CHECK(waiter.until([&] { return syncer.failed(); }));
}

TEST_CASE("many threads append, one syncs, one reads: one chain without a gap") {
  TempDir dir;
  SpoolOptions options = options_in(dir);
  options.checkpoint_records = 50;
  auto spool = must_open(options);
  Waiter waiter;
  Syncer syncer(*spool, 1, [&] { waiter.wake(); });
  std::atomic<int> failures{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (std::uint64_t i = 1; i <= 500; ++i) {
        auto position =
            append_command(*spool, static_cast<std::uint64_t>(t) * 1000 + i, std::string(i, 't'));
        if (!position) ++failures;
        if (i % 16 == 0) syncer.request();
      }
    });
  }
  SpoolReader reader(*spool);
  Position at;
  while (at.sequence < 2000) {
    auto batch = reader.next(at, 30'000);
    if (!batch || (batch->records > 0 && batch->first_sequence != at.sequence + 1)) ++failures;
    if (batch && batch->records > 0)
      at = {batch->last_sequence};
    else
      std::this_thread::yield();
    if (failures > 0) break;
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(failures == 0);
  auto records = all_records(*spool);
  CHECK(chain_breaks(records) == 0);
  CHECK(count_kind(records, audit::RecordKind::kCommand) == 2000);
}

}  // namespace
}  // namespace chaperone::spool
