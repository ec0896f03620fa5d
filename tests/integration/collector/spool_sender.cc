// A sidecar without traffic: appends sessions to a real spool and ships them. For the collector's
// tests; prints one line of JSON at the end.
//   spool_sender SPOOL URL CA TOKEN-FILE [--sessions N] [--commands M] [--pace-us U] [--flush-ms F]
//   [--text T] [--key-age-ms K] [--refused R] [--policy NAME/REVISION] [--stay 1]: does not say that it stops
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <ctime>
#include <map>
#include <string>

#include "audit/text.h"
#include "sidecar/ship/ship.h"
#include "sidecar/spool/syncer.h"

namespace {
using namespace chaperone;

std::int64_t clock_ns(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}
std::int64_t wall_ns() { return clock_ns(CLOCK_REALTIME); }
std::uint64_t mono_ns() { return static_cast<std::uint64_t>(clock_ns(CLOCK_BOOTTIME)); }

class Agent {
 public:
  Agent(std::string text, std::string policy)
      : text_(std::move(text)), policy_(std::move(policy)) {
    subject_.pod = "agent-1", subject_.pod_namespace = "shop", subject_.service_account = "agent";
    subject_.labels = {{"ci/run", "4711"}, {"team", "data"}};
    if (!policy_.empty())
      subject_.labels["chaperone.dev/policy"] = policy_.substr(0, policy_.find('/'));
    audit::encode(audit::Who{&subject_, 10001}, who_);
    audit::Where where;
    where.resource = "orders-db", where.protocol = Protocol::kPostgres,
    where.target_name = "db.internal";
    where.client_user = "agent", where.client_database = "orders",
    where.upstream_role = "orders_rw";
    where.upstream_database = "orders", where.application_name = "psql";
    audit::encode(where, where_);
    encode_meanings();
  }
  const audit::EncodedPart& who() const { return who_; }

  // One session: opened, `commands` of which every fifth is refused, closed.
  bool session(spool::Spool& spool, int commands, unsigned pace_us) {
    session_ = audit::random_id();
    bool kept = put(spool, audit::RecordKind::kSessionOpen, 0, {&who_, &where_});
    for (int i = 1; kept && i <= commands; ++i) {
      kept = command(spool, static_cast<std::uint64_t>(i), i % 5 == 0);
      if (pace_us) ::usleep(pace_us);
    }
    audit::EncodedPart event;
    audit::encode(audit::Event{"client_left", ""}, event);
    return kept && put(spool, audit::RecordKind::kSessionClose, 0, {&who_, &where_, &event});
  }

  // As a sidecar that loaded its policy; the digest follows from the revision.
  bool takes_policy(spool::Spool& spool) {
    if (policy_.empty()) return true;
    std::string revision = policy_.substr(policy_.find('/') + 1);
    std::string digest = audit::hex(audit::sha256(as_bytes(revision)));
    audit::Ruling ruling;
    ruling.policy_revision = revision, ruling.policy_digest = digest;
    audit::EncodedPart named, event;
    audit::encode(ruling, named);
    audit::encode(audit::Event{"loaded", "policy.yaml"}, event);
    return put(spool, audit::RecordKind::kPolicyChange, 0, {&who_, &named, &event});
  }

  bool refused_connection(spool::Spool& spool) {
    session_ = audit::random_id();
    audit::EncodedPart where, event;
    audit::Where away;
    away.target_address = "192.0.2.1:443";
    audit::encode(away, where);
    audit::encode(audit::Event{"unnamed", "no resource names this destination"}, event);
    return put(spool, audit::RecordKind::kConnectDenied, 0, {&who_, &where, &denied_, &event});
  }

 private:
  void encode_meanings() {
    Meaning meaning;
    Statement select{"SELECT",
                     Effect::kRead,
                     {{ObjectKind::kTable, "public.orders", Effect::kRead}},
                     {{"public.orders", "customer", Effect::kRead}},
                     {},
                     RowBound::kBounded,
                     {},
                     ""};
    meaning = {{select}, Effect::kRead, Risk::kLow, 1};
    audit::encode(meaning, read_);
    Statement drop{"DROP TABLE",
                   Effect::kDrop,
                   {{ObjectKind::kTable, "public.secrets", Effect::kDrop}},
                   {},
                   {},
                   RowBound::kNotApplicable,
                   {},
                   ""};
    meaning = {{drop}, Effect::kDrop, Risk::kCritical, 2};
    audit::encode(meaning, drop_);
    audit::Ruling ruling;
    ruling.verdict = audit::Verdict::kAllow, ruling.rule = "read-orders";
    audit::encode(ruling, allowed_);
    ruling.verdict = audit::Verdict::kDeny, ruling.rule = "no-drops",
    ruling.reason = "dropping is forbidden";
    audit::encode(ruling, denied_);
  }

  bool command(spool::Spool& spool, std::uint64_t operation, bool refused) {
    audit::EncodedPart asked, outcome;
    std::string text =
        refused ? "DROP TABLE secrets"
                : "SELECT customer FROM orders WHERE id = " + std::to_string(operation) + text_;
    audit::encode(audit::Asked{text, {}, false}, asked);
    audit::Outcome came;
    came.status = refused ? audit::OutcomeStatus::kRefused : audit::OutcomeStatus::kOk;
    if (!refused) came.rows = 1, came.duration_ns = 250'000;
    audit::encode(came, outcome);
    bool kept = refused ? put(spool, audit::RecordKind::kCommand, operation,
                              {&who_, &where_, &drop_, &denied_, &asked})
                        : put(spool, audit::RecordKind::kCommand, operation,
                              {&who_, &where_, &read_, &allowed_, &asked});
    return kept && put(spool, audit::RecordKind::kOutcome, operation, {&outcome});
  }

  bool put(spool::Spool& spool, audit::RecordKind kind, std::uint64_t operation,
           std::initializer_list<const audit::EncodedPart*> parts) {
    auto kept = spool.append({kind, wall_ns(), mono_ns(), session_, operation}, parts);
    if (!kept) std::fprintf(stderr, "append: %s\n", kept.error().message.c_str());
    return kept.ok();
  }

  Subject subject_;
  std::string text_, policy_;
  audit::Id session_{};
  audit::EncodedPart who_, where_, read_, drop_, allowed_, denied_;
};

int run(const std::string& dir, const ship::ShipOptions& options,
        std::map<std::string, std::string> flags) {
  Agent agent(flags.count("--text") ? " -- " + flags["--text"] : "", flags["--policy"]);
  spool::SpoolOptions spool_options;
  spool_options.dir = dir, spool_options.key_dir = dir, spool_options.build = "test";
  spool_options.bytes_max = 256 << 20;
  spool_options.wall_ns = wall_ns(), spool_options.mono_ns = mono_ns();
  auto spool = spool::Spool::open(spool_options, agent.who());
  if (!spool) return std::fprintf(stderr, "spool: %s\n", spool.error().message.c_str()), 1;
  ship::Ship* shipping = nullptr;
  auto ship = ship::Ship::start(**spool, options, [] {});
  if (!ship) return std::fprintf(stderr, "ship: %s\n", ship.error().message.c_str()), 1;
  shipping = ship->get();
  spool::Syncer syncer(**spool, 20, [&] { shipping->poke(); });
  bool kept = agent.takes_policy(**spool);
  for (int i = 0; kept && i < std::stoi(flags["--refused"]); ++i)
    kept = agent.refused_connection(**spool);
  for (int i = 0; kept && i < std::stoi(flags["--sessions"]); ++i) {
    kept = agent.session(**spool, std::stoi(flags["--commands"]),
                         static_cast<unsigned>(std::stoul(flags["--pace-us"])));
    kept = kept && (*spool)->tick(wall_ns(), mono_ns()).ok();
  }
  if (flags["--stay"].empty()) kept = kept && (*spool)->close(wall_ns(), mono_ns()).ok();
  bool flushed = (*ship)->flush(static_cast<std::uint32_t>(std::stoul(flags["--flush-ms"])));
  auto status = (*ship)->status();
  (*ship)->stop();
  std::printf(
      "{\"writer\":\"%s\",\"appended\":%llu,\"acknowledged\":%llu,\"flushed\":%s,\"enrolled\":%s,"
      "\"errors\":%llu,\"batches\":%llu,\"lag_ms\":%llu,\"last_error\":\"%s\"}\n",
      audit::hex((*spool)->writer()).c_str(),
      static_cast<unsigned long long>((*spool)->appended().sequence),
      static_cast<unsigned long long>((*spool)->acknowledged().sequence),
      flushed ? "true" : "false", status.enrolled ? "true" : "false",
      static_cast<unsigned long long>(status.errors),
      static_cast<unsigned long long>(status.batches),
      static_cast<unsigned long long>(status.lag_ms), status.last_error.c_str());
  return kept ? 0 : 1;
}
}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) return 2;
  chaperone::ship::ShipOptions options;
  options.tell = [](const std::string& line) { std::fprintf(stderr, "tell: %s\n", line.c_str()); };
  options.url = argv[2], options.ca_file = argv[3], options.token_file = argv[4];
  std::map<std::string, std::string> flags = {
      {"--refused", "0"}, {"--sessions", "1"}, {"--commands", "10"}, {"--pace-us", "0"}, {"--flush-ms", "10000"}};
  for (int i = 5; i + 1 < argc; i += 2) flags[argv[i]] = argv[i + 1];
  if (flags.count("--key-age-ms")) options.key_age_max_ms = std::stoull(flags["--key-age-ms"]);
  return run(argv[1], options, flags);
}
