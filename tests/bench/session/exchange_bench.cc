// What a transaction costs between the sockets: parsing, judging, recording, following the replies.
//   exchange_bench [FOLDER] [THOUSANDS]    the spool is made in FOLDER; not a test, asserts nothing
// Prints for each protocol mode the time with warm caches, the same when everything else on the core
// has taken them (as a database beside us does), and how often memory was allocated.

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <new>
#include <string>
#include <vector>

#include "proto-parsers/postgres/encode.h"
#include "sidecar/policy/loader.h"
#include "sidecar/session/postgres_exchange.h"

static std::uint64_t allocations = 0;
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* made = std::malloc(size)) return made;
  std::abort();
}
[[gnu::noinline]] void operator delete(void* made) noexcept { std::free(made); }
[[gnu::noinline]] void operator delete(void* made, std::size_t) noexcept { std::free(made); }

namespace chaperone::session {
namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* kPolicy = R"(
version: 1
resources:
- {name: shop, protocol: postgres, addresses: [10.0.0.1], hosts: [db], tls: off, logins: [{user: "*", role: app}]}
rules:
- {name: reads, action: allow, match: {effects: [read, describe, session, unknown]}}
- {name: no-drops, action: deny, match: {effects: [drop]}}
)";
constexpr const char* kText = "SELECT abalance FROM pgbench_accounts WHERE aid = 4711;";
constexpr const char* kPrepared = "SELECT abalance FROM pgbench_accounts WHERE aid = $1;";

struct Ports final : PostgresExchange::Ports {
  std::uint64_t bytes = 0;
  void to_client(Bytes some) override { bytes += some.size(); }
  void to_server(Bytes some) override { bytes += some.size(); }
  void need_durable(spool::Position, policy::Durability) override {}
  void need_catalogue(bool) override {}
  void failed(std::string_view word, std::string_view detail) override {
    std::fprintf(stderr, "failed: %s: %s\n", std::string(word).c_str(), std::string(detail).c_str());
    std::exit(1);
  }
  void refused(const policy::Decision& decision, const Judged&) override {
    std::fprintf(stderr, "refused: %s\n", std::string(decision.reason).c_str());
    std::exit(1);
  }
  void terminated() override {}
};

std::string reply(std::initializer_list<std::pair<char, std::string>> messages) {
  std::string out;
  for (const auto& [type, body] : messages) {
    out += type;
    auto size = static_cast<std::uint32_t>(body.size() + 4);
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(size >> shift);
    out += body;
  }
  return out;
}

const std::string kRow("\0\1\0\0\0\1" "0", 7);
const std::string kDescription("\0\1abalance\0" "\0\0\100\5\0\3\0\0\0\27\0\4\377\377\377\377\0\0", 29);
const std::string kSelected("SELECT 1\0", 9);

std::string bound(std::string_view statement) {
  std::string out;
  Parameter value;
  value.value = as_bytes(std::string_view("4711"));
  pg::append_bind(out, "", statement, {&value, 1});
  pg::append_execute(out, "");
  pg::append_sync(out);
  return out;
}

struct Mode {
  const char* name;
  std::string asked, answered;
};

std::vector<Mode> modes() {
  std::string simple, parse;
  pg::append_query(simple, kText);
  pg::append_parse(parse, "", kPrepared);
  std::string ready = reply({{'Z', "I"}});
  return {{"simple", simple, reply({{'T', kDescription}, {'D', kRow}, {'C', kSelected}}) + ready},
          {"extended", parse + bound(""),
           reply({{'1', ""}, {'2', ""}, {'D', kRow}, {'C', kSelected}}) + ready},
          {"prepared", bound("p1"), reply({{'2', ""}, {'D', kRow}, {'C', kSelected}}) + ready}};
}

// Walks over more memory than the second-level cache holds.
void take_caches() {
  static std::vector<char> other(4 << 20);
  for (std::size_t at = 0; at < other.size(); at += 64) ++other[at];
}

struct World {
  Subject subject;
  Scopes scopes{subject};
  MetricsSink metrics;
  Ports ports;
  std::shared_ptr<const policy::Policy> policy = *policy::parse_policy(kPolicy, "policy.yaml");
  std::unique_ptr<spool::Spool> spool;
  Trail trail;
  std::unique_ptr<PostgresExchange> exchange;

  explicit World(std::unique_ptr<spool::Spool> s) : spool(std::move(s)), trail(*spool) {
    subject.pod = "agent-1", subject.pod_namespace = "tests", subject.service_account = "agent";
    trail.set_who({&subject, 10001});
    ScopeFacts facts;
    facts.policy = policy;
    facts.resource = "shop";
    facts.database = "shop";
    ServerSettings settings;
    settings.role = "app";
    settings.server_encoding = "UTF8";
    settings.search_path = {"public"};
    exchange = std::make_unique<PostgresExchange>(ports, trail, scopes, *spool, metrics, settings,
                                                  facts, false);
    std::string parse;
    pg::append_parse(parse, "p1", kPrepared);
    pg::append_sync(parse);
    turn({"parse", parse, reply({{'1', ""}, {'Z', "I"}})});
  }

  void turn(const Mode& mode) {
    exchange->on_client(as_bytes(mode.asked));
    exchange->on_server(as_bytes(mode.answered));
  }
};

void bench(World& world, const Mode& mode, int times) {
  for (int i = 0; i < 1000; ++i) world.turn(mode);
  std::uint64_t allocated = allocations;
  auto start = Clock::now();
  for (int i = 0; i < times; ++i) world.turn(mode);
  std::chrono::duration<double, std::nano> warm = Clock::now() - start;
  allocated = allocations - allocated;
  std::vector<Clock::duration> cold(std::max(times / 100, 1));
  for (Clock::duration& one : cold) {
    take_caches();
    start = Clock::now();
    world.turn(mode);
    one = Clock::now() - start;
  }
  // The median: whatever else runs on the machine does not count.
  std::nth_element(cold.begin(), cold.begin() + cold.size() / 2, cold.end());
  std::chrono::duration<double, std::nano> median = cold[cold.size() / 2];
  std::printf("%-10s %7.0f ns warm %7.0f ns cold %5.2f allocations\n", mode.name,
              warm.count() / times, median.count(), double(allocated) / times);
}

}  // namespace
}  // namespace chaperone::session

int main(int argc, char** argv) {
  using namespace chaperone;
  std::filesystem::path dir = argc > 1 ? argv[1] : std::filesystem::temp_directory_path().string();
  dir /= "chaperone-exchange-bench-" + std::to_string(::getpid());
  spool::SpoolOptions options;
  options.dir = dir / "spool";
  options.key_dir = dir / "key";
  options.bytes_max = 4ull << 30;
  auto spool = spool::Spool::open(options, audit::EncodedPart());
  if (!spool) return std::fprintf(stderr, "%s\n", spool.error().message.c_str()), 1;
  {
    session::World world(std::move(*spool));
    int times = (argc > 2 ? std::atoi(argv[2]) : 200) * 1000;
    for (const auto& mode : session::modes()) session::bench(world, mode, times);
  }
  std::filesystem::remove_all(dir);
}
