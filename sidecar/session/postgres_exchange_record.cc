// Between a verdict and its outcome: records, and what is owed.

#include "sidecar/session/postgres_exchange.h"

#include "proto-parsers/sql/redact.h"
#include "sidecar/session/postgres_refusal.h"

namespace chaperone::session {
namespace {

// Of a Parse that is only prepared: it asks about structure, what it would do comes with its Bind.
const audit::EncodedPart& prepare_meaning() {
  static const audit::EncodedPart part = [] {
    Statement statement;
    statement.verb = "PARSE";
    statement.effects = Effect::kDescribe;
    Meaning meaning;
    meaning.statements.push_back(std::move(statement));
    meaning.effects = Effect::kDescribe;
    meaning.risk = risk_of(meaning.effects);
    audit::EncodedPart encoded;
    audit::encode(meaning, encoded);
    return encoded;
  }();
  return part;
}

}  // namespace

bool PostgresExchange::recorded(const Result<spool::Position>& position,
                                policy::Durability durability) {
  if (!position.ok()) {
    unrecorded_because_ = position.error().message;
    return false;
  }
  if (durability != policy::Durability::kProcess) {
    outbox_position_ = *position;
    if (durability > outbox_durability_) outbox_durability_ = durability;
  }
  return true;
}

bool PostgresExchange::record(std::uint64_t operation, const Judged& judged,
                              const policy::Decision& decision, std::string_view text,
                              std::span<const Parameter> parameters) {
  bool leaves = decision.verdict == policy::Verdict::kAllow;
  auto written = trail_.command(operation, judged, decision, settings_.reading, text, parameters, now_ns_);
  if (!recorded(written, leaves ? decision.durability : policy::Durability::kProcess)) return false;
  metrics_.command(judged.analysis.meaning.effects, decision);
  return true;
}

// A Parse that no Bind of the same read followed is on its own.
bool PostgresExchange::record_parse() {
  if (!unrecorded_parse_) return true;
  UnrecordedParse parse = *std::exchange(unrecorded_parse_, std::nullopt);
  auto redacted = sql::redact(parse.text, settings_.reading, parse.judged->analysis.secrets);
  if (redacted) parse.text = *redacted;
  auto written = trail_.command(next_operation(), prepare_meaning(), parse.judged->ruling_part, parse.text);
  return recorded(written, policy::Durability::kProcess);
}

// One that was taken already and found no room after all: it cannot be taken back, so nothing leaves.
bool PostgresExchange::record_taken_parse() {
  if (record_parse()) return true;
  fail("spool", unrecorded_because_);
  return false;
}

void PostgresExchange::begin_operation(std::uint64_t number) {
  Operation operation;
  operation.number = number;
  operation.begun_ns = now_ns_;
  operation.copy_bytes_at_begin = frontend_.copy_bytes();
  operations_.begin(std::move(operation));
}

void PostgresExchange::owe(pg::Sent sent, std::uint64_t operation, bool refused) {
  pg::LedgerEntry entry;
  entry.sent = sent;
  entry.operation = operation;
  entry.refused = refused;
  if (ledger_.idle()) owed_since_ns_ = now_ns_;
  ledger_.sent(entry);
  group_open_ = pg::is_extended(sent);
}

void PostgresExchange::on_finished(const pg::Finished& finished) {
  using pg::Outcome;
  const pg::LedgerEntry& entry = finished.entry;
  bool good = finished.outcome == Outcome::kDone || finished.outcome == Outcome::kSuspended;
  bool names = entry.sent == pg::Sent::kParse || entry.sent == pg::Sent::kBind ||
               entry.sent == pg::Sent::kClose;
  if (entry.refused) {
    // Skipped after an earlier error: its refusal is not told, and must not be the next one's.
    if (finished.outcome == Outcome::kSkipped && !refusals_.empty()) refusals_.erase(refusals_.begin());
    return;
  }
  if (names) names_.settle(good);
  if (entry.sent == pg::Sent::kDescribeStatement) described_.erase(described_.begin());
  // Its own end, and not that of what was sent before it.
  if (entry.operation == copy_operation_ && entry.sent != pg::Sent::kBind) await_copy_ = false;
  if (entry.operation == 0 || (entry.sent == pg::Sent::kBind && good)) return;
  auto status = good ? audit::OutcomeStatus::kOk
                     : finished.outcome == Outcome::kFailed ? audit::OutcomeStatus::kError
                                                            : audit::OutcomeStatus::kSkipped;
  finish_operation(entry.operation, status);
}

void PostgresExchange::finish_operation(std::uint64_t number, audit::OutcomeStatus status) {
  std::optional<Operation> ended = operations_.take(number);
  if (!ended) return;
  audit::Outcome outcome;
  outcome.status = status;
  outcome.rows = ended->rows;
  outcome.bytes_to_client = ended->bytes_from_server;
  outcome.bytes_from_client = frontend_.copy_bytes() - ended->copy_bytes_at_begin;
  outcome.sqlstate = ended->sqlstate;
  std::uint64_t now_ns = mono_now_ns();
  outcome.duration_ns = now_ns - ended->begun_ns;
  owed_since_ns_ = now_ns;  // the server begins with the next one, if there is one
  metrics_.upstream.add(*outcome.duration_ns);
  auto written = trail_.outcome(number, outcome, now_ns);
  if (!written.ok()) fail("spool", written.error().message);
}

void PostgresExchange::settle_unknown() {
  while (!operations_.empty()) {
    finish_operation(operations_.oldest(), audit::OutcomeStatus::kUnknown);
  }
}

}  // namespace chaperone::session
