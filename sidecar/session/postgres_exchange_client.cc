// Client to server: understand, decide, record, and only then let go.

#include "sidecar/session/postgres_exchange.h"

#include <algorithm>

#include "proto-parsers/postgres/encode.h"
#include "sidecar/session/postgres_refusal.h"
#include "sidecar/session/sqlstate.h"

namespace chaperone::session {
namespace {

// The server keeps 63 bytes of a statement's or portal's name (NAMEDATALEN) and silently takes two
// longer ones that begin alike for one: what was judged under the one would run under the other.
constexpr std::size_t kNameBytesMax = 63;

}  // namespace

bool PostgresExchange::blocked() const {
  return failed_ || !outbox_.empty() || await_ready_ || await_names_ || await_copy_ ||
         await_catalogue_ || asking() || server_congested_ || full();
}

void PostgresExchange::on_client(Bytes fresh) {
  if (failed_ || terminated_) return;  // the server reads nothing behind Terminate either
  Bytes input = client_gate_.join(fresh);
  std::size_t released = blocked() ? 0 : pump_client(input);
  client_gate_.keep(input, terminated_ ? input.size() : released);
}

void PostgresExchange::give_up_message(std::size_t seen) {
  if (blocked() || client_gate_.size() == 0 || !frontend_.give_up()) return;
  held_seen_ = seen;
  on_client({});
}

// Answers how many bytes of `input` are dealt with: sent, swallowed, replaced or in the outbox.
std::size_t PostgresExchange::pump_client(Bytes input) {
  now_ns_ = mono_now_ns();
  std::uint64_t begun_before = operations_begun_;
  std::size_t at = 0, span = 0;  // [span, at) is decided and goes on unchanged
  auto flush = [&] {
    if (at > span) emit(input.subspan(span, at - span));
    span = at;
  };
  while (!failed_ && !terminated_ && !await_ready_ && !await_names_ && !await_copy_ && !await_catalogue_ && !server_congested_ &&
         !full() && !asking()) {
    if (at < input.size() && settings_due() && !frontend_.mid_message()) {
      flush();  // what went before must not land behind the question
      begin_settings_query();
      break;
    }
    Step step = frontend_.next(input.subspan(at));
    if (step.kind == StepKind::kNeedMore) break;
    if (step.kind == StepKind::kError) {
      ++metrics_.parse_errors;
      fail("parse_error", frontend_.error().reason);
      break;
    }
    Action action = step.kind == StepKind::kStream ? on_stream_bytes() : on_message(frontend_.event());
    if (failed_ || action == Action::kWait) break;
    if (action == Action::kForward) {
      at += step.consumed;
      continue;
    }
    flush();
    at += step.consumed;
    span = at;
    if (!replacement_.empty()) {
      emit(as_bytes(replacement_));
      replacement_.clear();
    }
  }
  if (!failed_ && !record_taken_parse()) return at;
  if (!failed_) flush();
  // The server keeps its answers back until a Sync, and the Sync waits here behind what is full: it
  // is asked for them, or both would wait for ever.
  if (!failed_ && full() && at > 0 && !frontend_.mid_message()) pg::append_flush(trailing_);
  if (!failed_ && !trailing_.empty()) emit(as_bytes(std::exchange(trailing_, {})));
  if (operations_begun_ != begun_before) metrics_.added.add(mono_now_ns() - now_ns_);
  if (!outbox_.empty()) ports_.need_durable(outbox_position_, outbox_durability_);
  return at;
}

// Bytes whose records are durable enough go at once; the first that are not make all later ones wait.
void PostgresExchange::emit(Bytes bytes) {
  if (outbox_.empty() && outbox_durability_ == policy::Durability::kProcess) {
    ports_.to_server(bytes);
  } else {
    outbox_.append(as_text(bytes));
  }
}

void PostgresExchange::on_durable() {
  if (failed_ || outbox_.empty()) return;
  outbox_durability_ = policy::Durability::kProcess;
  std::string decided = std::exchange(outbox_, {});
  ports_.to_server(as_bytes(decided));
  on_client({});
}

void PostgresExchange::on_server_congested(bool congested) {
  server_congested_ = congested;
  if (!congested) on_client({});
}

PostgresExchange::Action PostgresExchange::on_stream_bytes() {
  if (frontend_.discard()) return Action::kSwallow;
  // The rest of a CopyData goes where its beginning went, whatever became of the COPY meanwhile:
  // else the server would take what follows for the rest, and read on where nobody judged.
  if (!frontend_.continued()) {
    // Outside a COPY the server reads past CopyData; nothing undecided leaves for that.
    copy_data_leaves_ = ledger_.copy() == pg::CopyState::kIn || ledger_.copy() == pg::CopyState::kBoth;
  }
  return copy_data_leaves_ ? Action::kForward : Action::kSwallow;
}

PostgresExchange::Action PostgresExchange::on_message(const pg::FrontendMessage& message) {
  using Type = pg::FrontendType;
  if (message.type == Type::kTerminate) {
    terminated_ = true;
    ports_.terminated();
    if (at_rest_but_gate()) return Action::kSwallow;
    stateless_ = false;  // the server ends this connection
    return Action::kForward;
  }
  if (skip_to_sync_ || ledger_.skipping()) {  // the server reads past all this as well
    return message.type == Type::kSync ? on_sync(message) : Action::kSwallow;
  }
  if (ledger_.copy() == pg::CopyState::kIn || ledger_.copy() == pg::CopyState::kBoth) {
    return on_copy_message(message);
  }
  if (message.type != Type::kBind && unrecorded_parse_ && !record_taken_parse()) return Action::kWait;
  if (message.oversized) return refuse_oversized(message);
  if (message.statement.size() > kNameBytesMax || message.portal.size() > kNameBytesMax) {
    std::size_t seen = std::max(message.statement.size(), message.portal.size());
    return refuse_unjudged(
        pg::Sent::kParse, kNameTooLong,
        over_limit(seen, "bytes of a statement's or portal's name", "the server", kNameBytesMax),
        "use shorter names");
  }
  switch (message.type) {
    case Type::kQuery: return on_query(message);
    case Type::kParse: return on_parse(message);
    case Type::kBind: return on_bind(message);
    case Type::kExecute: return on_execute(message);
    case Type::kDescribe: return on_describe(message);
    case Type::kClose: return on_close(message);
    case Type::kFunctionCall: return on_function_call(message);
    case Type::kSync: return on_sync(message);
    case Type::kFlush: return Action::kForward;
    case Type::kCopyDone:
    case Type::kCopyFail: return Action::kSwallow;  // after a COPY that failed; the server skips it
    default: fail("parse_error", "a message that does not belong here"); return Action::kWait;
  }
}

// While the server waits for COPY data it reads past Sync and Flush and ends on anything else.
PostgresExchange::Action PostgresExchange::on_copy_message(const pg::FrontendMessage& message) {
  switch (message.type) {
    case pg::FrontendType::kCopyDone:
    case pg::FrontendType::kCopyFail:
      await_next_copy();
      ledger_.copy_ended();
      await_query_behind_barrier();
      return Action::kForward;
    case pg::FrontendType::kSync:
    case pg::FrontendType::kFlush: return Action::kSwallow;
    default: fail("protocol_violation", "a command while COPY data is expected"); return Action::kWait;
  }
}

// The text of a Query may hold another COPY behind this one, and its data may be on its way: the
// server's next word but the tag of this one tells.
void PostgresExchange::await_next_copy() {
  const pg::LedgerEntry& owed = *ledger_.next_owed();
  if (owed.sent != pg::Sent::kQuery || ledger_.copy() != pg::CopyState::kIn) return;
  await_copy_ = true;
  copy_operation_ = owed.operation;
}

// Behind a Sync, Query or FunctionCall. Where settings or objects may have changed, nothing more is
// judged until it is answered; likewise for the rest of a transaction in which they did: an error
// takes the change back at once, before the client could know.
void PostgresExchange::end_group() {
  names_.end_group();
  if (group_barrier_ || changed_in_transaction_ || private_catalogue_) await_ready_ = true;
}

PostgresExchange::Action PostgresExchange::on_sync(const pg::FrontendMessage&) {
  skip_to_sync_ = false;
  barrier_portal_.reset();
  owe(pg::Sent::kSync, 0);
  end_group();
  return Action::kForward;
}

PostgresExchange::Action PostgresExchange::on_describe(const pg::FrontendMessage& message) {
  if (!message.of_portal) described_.push_back(names_.statement(message.statement));
  owe(message.of_portal ? pg::Sent::kDescribePortal : pg::Sent::kDescribeStatement, 0);
  return Action::kForward;
}

PostgresExchange::Action PostgresExchange::on_close(const pg::FrontendMessage& message) {
  if (message.of_portal) names_.change_portal(message.portal, nullptr);
  else names_.change_statement(message.statement, nullptr);
  owe(pg::Sent::kClose, 0);
  return Action::kForward;
}

}  // namespace chaperone::session
