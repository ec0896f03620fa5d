// A writer killed at any moment: nothing whose append returned is lost, and the chain goes on.

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <random>
#include <thread>

#include "audit/decoded.h"
#include "tests/unit/spool/fixture.h"

#include <catch2/catch.hpp>  // last: its CHECK is the test's

namespace chaperone::spool {
namespace {

// Memory that the parent reads after the child is dead.
struct Shared {
  std::atomic<std::uint64_t> returned;  // the last sequence whose append returned
};

[[noreturn]] void write_until_killed(const SpoolOptions& options, Disk& disk, Shared& shared) {
  auto spool = try_open(options, disk);
  if (!spool) ::_exit(3);
  std::mt19937_64 random(static_cast<std::uint64_t>(::getpid()));
  for (std::uint64_t i = 1;; ++i) {
    std::string text(random() % 3000, 'k');
    auto position = append_command(**spool, i, text);
    if (!position) ::_exit(4);
    shared.returned.store(position->sequence, std::memory_order_release);
    if (i % 50 == 0 && random() % 4 == 0) (void)(*spool)->sync();
    (*spool)->acknowledge((*spool)->durable());
  }
}

// Kills a writer after about `us` microseconds; gives what it had been told is safe.
std::uint64_t run_and_kill(const SpoolOptions& options, Disk& disk, Shared& shared, unsigned us) {
  shared.returned = 0;
  pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) write_until_killed(options, disk, shared);
  std::this_thread::sleep_for(std::chrono::microseconds(us));
  REQUIRE(::kill(child, SIGKILL) == 0);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFSIGNALED(status));
  return shared.returned;
}

void kill_often(bool mapped) {
  void* memory =
      ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  REQUIRE(memory != MAP_FAILED);
  auto& shared = *new (memory) Shared{};
  TempDir dir;
  SpoolOptions options = options_in(dir);
  options.checkpoint_records = 20;
  LyingDisk disk;
  disk.mapped = mapped;
  disk.syncs = false;  // the page cache is what survives here
  std::mt19937_64 random(20);
  for (int round = 0; round < 40; ++round) {
    std::uint64_t safe =
        run_and_kill(options, disk, shared, static_cast<unsigned>(random() % 30'000));
    auto spool = must_open(options, disk);
    const Recovery& recovery = spool->recovery();
    CHECK(recovery.damage_bytes == 0);
    CHECK(recovery.lost_records == 0);
    auto records = all_records(*spool);
    REQUIRE(!records.empty());
    auto first = audit::peek_head(as_bytes(records.front()));
    auto last = audit::peek_head(as_bytes(records.back()));
    CHECK(last->sequence == spool->appended().sequence);
    CHECK(last->sequence >= safe);
    CHECK(records.size() == last->sequence - first->sequence + 1);
    CHECK(chain_breaks(records) == (first->sequence == 1 ? 0 : 1));
    spool->acknowledge(spool->durable());
    if (round % 2) REQUIRE(spool->close(1, 1));
  }
  ::munmap(memory, sizeof(Shared));
}

TEST_CASE("kill -9 at random moments, mapped") { kill_often(true); }
TEST_CASE("kill -9 at random moments, written") { kill_often(false); }

}  // namespace
}  // namespace chaperone::spool
