// Server to client: follow what is owed, keep our own replies back.

#include "sidecar/session/postgres_exchange.h"

#include <algorithm>

#include "proto-parsers/base/check.h"

namespace chaperone::session {

PostgresExchange::PostgresExchange(Ports& ports, Trail& trail, Scopes& scopes, spool::Spool& spool,
                                   MetricsSink& metrics, ServerSettings settings, ScopeFacts facts,
                                   bool read_only, ExchangeLimits limits)
    : ports_(ports), trail_(trail), scopes_(scopes), spool_(spool), metrics_(metrics), limits_(limits),
      settings_(std::move(settings)), facts_(std::move(facts)), read_only_(read_only) {
  rescope();
}

PostgresExchange::~PostgresExchange() = default;

void PostgresExchange::fail(std::string_view word, std::string_view detail) {
  if (std::exchange(failed_, true)) return;
  ports_.failed(word, detail);
}

bool PostgresExchange::at_rest_but_gate() const {
  return ledger_.idle() && !frontend_.mid_message() && !asking() && outbox_.empty() &&
         ledger_.status() == pg::TransactionStatus::kIdle;
}

bool PostgresExchange::at_rest() const { return at_rest_but_gate() && client_gate_.size() == 0; }

void PostgresExchange::on_server(Bytes fresh) {
  if (failed_) return;
  Bytes input = server_gate_.join(fresh);
  bool plain = on_plain_answer(input);
  server_gate_.keep(input, plain ? input.size() : pump_server(input));
  if (!failed_ && !blocked() && client_gate_.size() > 0) on_client({});
}

// What nearly every command gets, in one look and one piece: on_reply() would do the same, message
// by message. False where it may be something else; then nothing was done.
bool PostgresExchange::on_plain_answer(Bytes input) {
  bool plain = !asking() && !refresh_settings_ && !refresh_catalogue_ && !group_barrier_ &&
               !changed_in_transaction_ && !private_catalogue_ && !await_copy_ && !await_ready_ &&
               !backend_.mid_message();
  if (!plain) return false;
  auto answer = ledger_.plain_answer(input);
  Operation* known = answer ? operations_.find(answer->operation) : nullptr;
  if (!known) return false;
  known->rows += answer->rows;
  known->bytes_from_server += answer->row_bytes;
  ledger_.take_plain_answer();
  for (std::uint32_t i = 0; i < answer->names; ++i) names_.settle(true);
  finish_operation(answer->operation, audit::OutcomeStatus::kOk);
  if (failed_) return true;
  bool as_it_is = on_ready(pg::TransactionStatus::kIdle);
  CHECK(as_it_is);
  ports_.to_client(input);
  return true;
}

std::size_t PostgresExchange::pump_server(Bytes input) {
  std::size_t at = 0, span = 0;  // [span, at) goes to the client unchanged
  auto flush = [&] {
    if (at > span) ports_.to_client(input.subspan(span, at - span));
    span = at;
  };
  while (!failed_) {
    if (asking()) {
      flush();
      bool go_on = own_query_ ? feed_own_query(input, at) : feed_private_catalogue(input, at);
      span = at;  // what we asked for ourselves is never the client's
      if (!go_on) break;
      continue;
    }
    Step step = backend_.next(input.subspan(at));
    if (step.kind == StepKind::kNeedMore) break;
    if (step.kind == StepKind::kError) {
      fail("upstream_parse_error", backend_.error().reason);
      break;
    }
    bool forward = true;
    if (step.kind == StepKind::kStream) {
      if (ledger_.stream(backend_.stream_type()).fate == pg::Fate::kUnexpected) {
        fail("upstream_protocol", "rows that nobody asked for");
      }
    } else {
      forward = on_reply(backend_.event());
    }
    if (failed_) break;
    if (!forward) flush();
    at += step.consumed;
    if (forward) continue;
    span = at;
    if (!reply_.empty()) ports_.to_client(as_bytes(std::exchange(reply_, {})));
  }
  flush();
  return at;
}

std::optional<std::uint64_t> PostgresExchange::owed_since_ns() const {
  if (ledger_.idle() && !asking()) return std::nullopt;
  return owed_since_ns_;
}

// True when the message goes on to the client as it came; else `reply_` goes in its place.
bool PostgresExchange::on_reply(const pg::BackendMessage& message) {
  pg::Answer answer = ledger_.reply(message);
  if (answer.fate == pg::Fate::kUnexpected) {
    fail("upstream_protocol", "a reply that is not owed");
    return false;
  }
  if (answer.fate == pg::Fate::kAsync) {
    if (message.type == pg::BackendType::kParameterStatus) {
      on_parameter_status(message.text, message.value);
    }
    return true;
  }
  if (answer.entry && answer.entry->refused && answer.fate == pg::Fate::kError) {
    CHECK(!refusals_.empty());
    reply_ = std::move(refusals_.front());
    refusals_.erase(refusals_.begin());
  } else if (answer.entry && answer.entry->refused && answer.fate != pg::Fate::kReady) {
    fail("upstream_protocol", "the substitute of a refused command did not fail");
    return false;
  }
  if (message.type == pg::BackendType::kParameterDescription) on_described(message);
  if (Operation* known = answer.entry ? operations_.find(answer.entry->operation) : nullptr) {
    pg::StreamCounts counts = backend_.take_counts();
    known->bytes_from_server += counts.row_bytes + counts.copy_bytes;
    known->rows += counts.rows;
    if (message.type == pg::BackendType::kCommandComplete && message.rows && counts.rows == 0) {
      known->rows += *message.rows;
    }
    if (answer.fate == pg::Fate::kError) known->sqlstate = message.fields.sqlstate();
  }
  // A COPY FROM STDIN has shown whether it wants data.
  bool answered = answer.entry && answer.entry->operation == copy_operation_ &&
                  (answer.fate == pg::Fate::kError || answer.entry->sent == pg::Sent::kExecute);
  if (answered || ledger_.copy() == pg::CopyState::kIn) await_copy_ = false;
  await_query_behind_barrier();
  bool ready = answer.fate == pg::Fate::kReady;
  while (const pg::Finished* finished = ledger_.pop_finished()) on_finished(*finished);
  // The server reads on to the Sync: whatever was waited for does not come before it.
  if (ledger_.skipping()) await_copy_ = await_ready_ = false;
  if (ready) return on_ready(message.status);
  return reply_.empty();
}

// What the client left to the server to find out decides how binary values are read. Where the name
// was not what we took it for, its Parse failed, and what is told here goes with it.
void PostgresExchange::on_described(const pg::BackendMessage& message) {
  CHECK(!described_.empty());
  if (!described_.front()) return;
  std::vector<std::uint32_t>& types = described_.front()->parameter_types;
  types.clear();
  for (ByteReader reader(message.data); reader.size() >= 4;) types.push_back(reader.take_u32());
}

// Behind a Query that may change how text is read nothing is judged until it is answered. But for the
// data that it waits for: of that nothing is judged. It is the last that was sent; one with others
// behind it raised no barrier, and to wait for those without their Sync would be for ever.
void PostgresExchange::await_query_behind_barrier() {
  const pg::LedgerEntry* owed = ledger_.next_owed();
  bool barrier = group_barrier_ || changed_in_transaction_ || private_catalogue_;
  if (!barrier || ledger_.depth() != 1 || owed->sent != pg::Sent::kQuery) return;
  await_ready_ = ledger_.copy() != pg::CopyState::kIn;
}

// Everything sent so far is answered. True when this ReadyForQuery goes on as it is.
bool PostgresExchange::on_ready(pg::TransactionStatus status) {
  await_names_ = false;
  owed_since_ns_ = std::max(owed_since_ns_, now_ns_);
  bool in_transaction = status != pg::TransactionStatus::kIdle;
  if (!in_transaction) {
    for (std::uint64_t operation : names_.unexecuted()) {
      finish_operation(operation, audit::OutcomeStatus::kSkipped);
    }
    if (ledger_.idle()) {
      names_.end_portals();
      // Bound, and never executed: their portals were replaced or closed.
      while (!operations_.empty()) {
        finish_operation(operations_.oldest(), audit::OutcomeStatus::kSkipped);
      }
    }
    if (changed_in_transaction_) refresh_settings_ = true;
    if (private_catalogue_) refresh_catalogue_ = true;
    changed_in_transaction_ = false;
  }
  if (!ledger_.idle()) return true;  // a pipeline: more is owed, nothing unsettling is behind us
  // Within a CopyData whose COPY failed nothing of ours can be put: it is asked before the next
  // command is judged.
  if (settings_due() && !frontend_.mid_message()) {
    begin_settings_query();
    ready_owed_ = true;
    return false;  // its own ReadyForQuery comes when we have asked
  }
  await_ready_ = group_barrier_ = false;
  return true;
}

}  // namespace chaperone::session
