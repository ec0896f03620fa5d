// Prints what the spool costs: spool_bench [FOLDER] [GIGABYTES]. Not a test; asserts nothing about
// time.
//
// Everything runs on one core (the syncer too), with records as a session makes them: who and where
// once per session, meaning once per shape, ruling once per decision, text and one parameter per
// command, an outcome for each or commands alone; chained, checksummed, a checkpoint every 1,000.

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "audit/checkpoint.h"
#include "audit/crypto.h"
#include "audit/decoded.h"
#include "audit/frame.h"
#include "sidecar/spool/spool.h"
#include "sidecar/spool/syncer.h"

namespace chaperone::spool {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  auto seconds = [](const timeval& t) { return double(t.tv_sec) + double(t.tv_usec) / 1e6; };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// How often the calling thread had to wait for something (a lock, the disk): unlike a time, this
// does not depend on who else uses the machine.
long waits() {
  rusage usage{};
  ::getrusage(RUSAGE_THREAD, &usage);
  return usage.ru_nvcsw;
}

void pin_to_one_core() {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  CPU_SET(static_cast<std::size_t>(::sched_getcpu()), &cores);
  ::sched_setaffinity(0, sizeof cores, &cores);
}

struct Parts {
  audit::EncodedPart who, where, meaning, ruling, asked, outcome;
  Parts() {
    Subject subject;
    subject.pod = "agent-7f9c5d8b6-x2x7q";
    subject.pod_namespace = "research";
    subject.service_account = "agent";
    subject.node = "node-3";
    subject.labels = {{"app", "agent"}, {"run", "4711"}};
    encode(audit::Who{&subject, 10001}, who);
    audit::Where w;
    w.resource = "orders-db";
    w.protocol = Protocol::kPostgres;
    w.target_address = "10.1.2.3:5432";
    w.client_address = "10.9.8.7:40000";
    w.upstream_role = "orders_ro";
    w.upstream_database = "orders";
    w.client_user = "agent";
    w.client_database = "orders";
    w.application_name = "psql";
    encode(w, where);
    Statement statement;
    statement.verb = "SELECT";
    statement.effects = Effect::kRead;
    statement.objects = {{ObjectKind::kTable, "public.pgbench_accounts", Effect::kRead}};
    statement.columns = {{"public.pgbench_accounts", "abalance", Effect::kRead},
                         {"public.pgbench_accounts", "aid", Effect::kRead}};
    statement.row_bound = RowBound::kBounded;
    Meaning m{{statement}, Effect::kRead, Risk::kLow, 0x1234567890ABCDEF};
    encode(m, meaning);
    audit::Ruling r;
    r.verdict = audit::Verdict::kAllow;
    r.rule = "read-orders";
    r.durability = audit::Durability::kProcess;
    r.policy_digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    r.policy_revision = "v42";
    encode(r, ruling);
  }
};

bool append_pair(Spool& spool, Parts& parts, const audit::Id& session, std::uint64_t operation,
                 bool outcomes) {
  const audit::AskedParameter parameter{{as_bytes("4711"), 23, false, false}, false};
  encode(
      audit::Asked{"SELECT abalance FROM pgbench_accounts WHERE aid = $1;", {&parameter, 1}, false},
      parts.asked);
  auto now = static_cast<std::int64_t>(1'700'000'000'000'000'000 + operation);
  audit::RecordHead head{audit::RecordKind::kCommand, now, operation, session, operation};
  if (!spool.append(head, {&parts.who, &parts.where, &parts.meaning, &parts.ruling, &parts.asked}))
    return false;
  if (!outcomes) return true;
  audit::Outcome outcome;
  outcome.rows = 1;
  outcome.bytes_to_client = 71;
  outcome.duration_ns = 61'234;
  outcome.added_ns = 2'345;
  encode(outcome, parts.outcome);
  head.kind = audit::RecordKind::kOutcome;
  return spool.append(head, {&parts.outcome}).ok();
}

SpoolOptions options_in(const std::string& dir, std::uint64_t bytes) {
  SpoolOptions options;
  options.dir = dir + "/spool";
  options.key_dir = dir + "/key";
  options.bytes_max = bytes + 16 * options.segment_bytes;
  return options;
}

void bench_crypto() {
  std::string block(512, 'x'), large(1 << 20, 'y');
  auto rate = [](const char* name, std::size_t bytes, int rounds, auto work) {
    auto start = Clock::now();
    for (int i = 0; i < rounds; ++i) work();
    double seconds = seconds_since(start);
    std::printf("%-34s %10.0f MB/s  %9.3f us each\n", name, double(bytes) * rounds / seconds / 1e6,
                seconds / rounds * 1e6);
  };
  volatile unsigned sink = 0;
  rate("SHA-256 of 512 bytes", 512, 300'000,
       [&] { sink = sink + audit::sha256(as_bytes(block))[0]; });
  rate("SHA-256 of 1 MiB", large.size(), 300,
       [&] { sink = sink + audit::sha256(as_bytes(large))[0]; });
  rate("CRC-32C of 512 bytes", 512, 2'000'000,
       [&] { sink = sink + audit::crc32c(as_bytes(block)); });
  audit::SigningKey key = audit::SigningKey::generate();
  rate("Ed25519 sign", 200, 3'000, [&] { sink = sink + key.sign(as_bytes(block).first(200))[0]; });
}

void bench_append(const std::string& dir, std::uint64_t bytes, bool syncing, bool outcomes) {
  std::filesystem::remove_all(dir + "/spool");
  auto spool = Spool::open(options_in(dir, bytes), audit::EncodedPart());
  if (!spool) {
    std::printf("%s\n", spool.error().message.c_str());
    return;
  }
  std::unique_ptr<Syncer> syncer;
  if (syncing) syncer = std::make_unique<Syncer>(**spool, 100, [] {});
  Parts parts;
  audit::Id session = audit::random_id();
  double cpu = cpu_seconds();
  long waits_before = waits();
  auto start = Clock::now();
  std::uint64_t operation = 0;
  while ((*spool)->usage().bytes < bytes) {
    for (int i = 0; i < 1000; ++i) {
      if (!append_pair(**spool, parts, session, ++operation, outcomes)) {
        std::printf("full\n");
        return;
      }
    }
  }
  double seconds = seconds_since(start), cpu_used = cpu_seconds() - cpu;
  auto records = double((*spool)->appended().sequence);
  std::printf("append, %-26s %10.0f records/s  %.0f bytes each  %.3f us CPU each (%.2f s wall)\n",
              (std::string(outcomes ? "pairs" : "commands") + (syncing ? ", synced" : ", unsynced"))
                  .c_str(),
              records / seconds, double(bytes) / records, cpu_used / records * 1e6, seconds);
  std::printf("  the appending thread waited %ld times\n", waits() - waits_before);
  syncer.reset();
}

void bench_recovery(const std::string& dir, std::uint64_t bytes) {
  for (int round = 0; round < 3; ++round) {
    double cpu = cpu_seconds();
    auto start = Clock::now();
    auto spool = Spool::open(options_in(dir, bytes), audit::EncodedPart());
    double seconds = seconds_since(start);
    if (!spool) {
      std::printf("%s\n", spool.error().message.c_str());
      return;
    }
    std::printf("recovery of %.2f GB, %llu records: %.3f s (%.3f s CPU)\n", double(bytes) / 1e9,
                static_cast<unsigned long long>((*spool)->recovery().records), seconds,
                cpu_seconds() - cpu);
  }
}

int run(const std::string& base, double gigabytes) {
  std::string dir = base + "/chaperone-spool-bench-" + std::to_string(::getpid());
  auto bytes = static_cast<std::uint64_t>(gigabytes * 1e9);
  pin_to_one_core();
  bench_crypto();
  bench_append(dir, bytes, true, false);
  bench_append(dir, bytes, false, false);
  bench_append(dir, bytes, true, true);  // last: recovery reads what a session leaves
  bench_recovery(dir, bytes);
  std::filesystem::remove_all(dir);
  return 0;
}

}  // namespace
}  // namespace chaperone::spool

int main(int argc, char** argv) {
  return chaperone::spool::run(argc > 1 ? argv[1] : std::filesystem::temp_directory_path().string(),
                               argc > 2 ? std::atof(argv[2]) : 1.0);
}
