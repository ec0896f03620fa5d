// The signing key's succession: followed by every reader, and whole whatever interrupts it.

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <random>
#include <set>
#include <thread>

#include "audit/checkpoint.h"
#include "audit/decoded.h"
#include "audit/export.h"
#include "audit/verify.h"
#include "tests/unit/spool/fixture.h"

#include <catch2/catch.hpp>  // last: its CHECK is the test's

namespace chaperone::spool {
namespace {

using audit::RecordKind;

audit::SigningKey collector() {
  audit::Seed seed;
  seed.fill(0xC0);
  return audit::SigningKey(seed);
}

std::vector<std::uint8_t> enrolment_for(const Spool& spool, const audit::PublicKey& key) {
  return audit::encode_enrolment({spool.writer(), key, 1, {}}, collector());
}

Result<void> change(Spool& spool, std::int64_t wall_ns = 5) {
  auto next = spool.next_key();
  if (!next) return next.error();
  return spool.change_key(enrolment_for(spool, *next), wall_ns, 6);
}

// As the collector would export it, with an enrolment for every key that the records name.
audit::VerifyReport verified(Spool& spool) {
  auto records = all_records(spool);
  std::set<audit::PublicKey> keys{spool.public_key()};
  for (const std::string& bytes : records) {
    auto record = audit::decode_record(as_bytes(bytes));
    if (record && record->key) keys.insert(*record->key);
  }
  std::string out;
  audit::ExportWriter writer(out);
  writer.header("{}");
  for (const audit::PublicKey& key : keys) writer.enrolment(enrolment_for(spool, key));
  writer.section(spool.writer());
  for (const std::string& bytes : records) writer.record(as_bytes(bytes));
  writer.end();
  return audit::verify_export(as_bytes(out), collector().public_key());
}

TEST_CASE("a key changes; the chain, its proof and the next start follow") {
  TempDir dir;
  audit::PublicKey first{}, second{};
  {
    auto spool = must_open(options_in(dir));
    first = spool->public_key();
    REQUIRE(spool->enrolled(enrolment_for(*spool, first), 1, 1));
    REQUIRE(append_command(*spool, 1));
    REQUIRE(change(*spool));
    second = spool->public_key();
    CHECK(second != first);
    CHECK(spool->key_since_ns() == 5);
    CHECK(audit::verify(second, as_bytes("x"), spool->sign(as_bytes("x"))));
    REQUIRE(append_command(*spool, 2));
    REQUIRE(spool->checkpoint(9, 9));
  }
  auto spool = must_open(options_in(dir));
  CHECK(spool->public_key() == second);
  CHECK(!spool->enrolment().empty());
  REQUIRE(spool->checkpoint(10, 10));
  auto report = verified(*spool);
  INFO((report.breaks.empty() ? "" : report.breaks[0].why));
  CHECK(report.whole());
  CHECK(report.sections.at(0).key_changes == 1);
  CHECK(report.unsigned_tail == 0);
  // For `verify --spool`: the first key's enrolment stands beside the second's.
  CHECK(std::filesystem::exists(options_in(dir).dir + "/enrolment." + audit::key_name(first)));
  CHECK_FALSE(std::filesystem::exists(options_in(dir).key_dir + "/writer.key.next"));
}

TEST_CASE("an enrolment of another key or writer changes nothing") {
  TempDir dir;
  auto spool = must_open(options_in(dir));
  audit::PublicKey first = spool->public_key();
  REQUIRE(spool->next_key());
  CHECK_FALSE(spool->change_key(enrolment_for(*spool, first), 5, 6));
  auto next = spool->next_key();
  REQUIRE(next);
  auto foreign = audit::encode_enrolment({audit::random_id(), *next, 1, {}}, collector());
  CHECK_FALSE(spool->change_key(foreign, 5, 6));
  CHECK(spool->public_key() == first);
  CHECK(count_kind(all_records(*spool), RecordKind::kKeyChange) == 0);
}

TEST_CASE("a next key that was never announced waits for its turn") {
  TempDir dir;
  audit::PublicKey first{}, waiting{};
  {
    auto spool = must_open(options_in(dir));
    first = spool->public_key();
    waiting = *spool->next_key();
  }
  auto spool = must_open(options_in(dir));
  CHECK(spool->public_key() == first);
  CHECK(*spool->next_key() == waiting);
}

TEST_CASE("a change whose last step failed is finished, by the next start or the next change") {
  TempDir dir;
  SpoolOptions options = options_in(dir);
  std::string key = options.key_dir + "/writer.key", away = options.key_dir + "/away";
  {
    auto spool = must_open(options);
    // A folder in the key's place: it cannot be renamed over.
    std::filesystem::rename(key, away);
    std::filesystem::create_directory(key);
    CHECK_FALSE(change(*spool));
    REQUIRE(append_command(*spool, 1));
    REQUIRE(spool->checkpoint(7, 8));
    std::filesystem::remove(key);
    std::filesystem::rename(away, key);
    CHECK(verified(*spool).whole());
  }
  auto spool = must_open(options);
  REQUIRE(spool->checkpoint(9, 9));
  auto report = verified(*spool);
  CHECK(report.whole());
  REQUIRE(change(*spool));
  REQUIRE(spool->checkpoint(10, 10));
  CHECK(verified(*spool).sections.at(0).key_changes == 2);
  CHECK(verified(*spool).whole());
}

TEST_CASE("key files are the owner's alone") {
  TempDir dir;
  auto spool = must_open(options_in(dir));
  REQUIRE(spool->next_key());
  for (const auto& file : std::filesystem::directory_iterator(options_in(dir).key_dir)) {
    struct stat info {};
    REQUIRE(::stat(file.path().c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0600);
  }
  REQUIRE(::chmod((options_in(dir).key_dir + "/writer.key.next").c_str(), 0644) == 0);
  CHECK_FALSE(spool->next_key());
}

// Says each change on `told`.
[[noreturn]] void change_until_killed(const SpoolOptions& options, int told) {
  auto spool = try_open(options);
  if (!spool) ::_exit(3);
  for (std::uint64_t i = 1;; ++i) {
    if (!append_command(**spool, i) || !change(**spool) || !(*spool)->checkpoint(1, 1)) ::_exit(4);
    if (::write(told, "c", 1) != 1) ::_exit(5);
  }
}

TEST_CASE("kill -9 amid changes of key: the chain stays provable and goes on") {
  TempDir dir{On::kMemory};
  SpoolOptions options = options_in(dir);
  std::mt19937_64 random(20);
  for (int round = 0; round < 40; ++round) {
    int told[2];
    REQUIRE(::pipe(told) == 0);
    pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) change_until_killed(options, told[1]);
    char change = 0;
    if (round == 0) REQUIRE(::read(told[0], &change, 1) == 1);  // one at least, however slow
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 8'000));
    REQUIRE(::kill(child, SIGKILL) == 0);
    for (int end : told) ::close(end);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFSIGNALED(status));
  }
  auto spool = must_open(options);
  REQUIRE(spool->checkpoint(2, 2));
  auto report = verified(*spool);
  INFO((report.breaks.empty() ? "" : report.breaks[0].why));
  CHECK(report.whole());
  CHECK(report.unsigned_tail == 0);
  CHECK(report.sections.at(0).key_changes > 0);
}

}  // namespace
}  // namespace chaperone::spool
