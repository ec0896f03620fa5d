// Client to server: understand, decide, record, and only then let go.

#include "proto-parsers/base/check.h"
#include "proto-parsers/base/limits.h"
#include "proto-parsers/postgres/client_encoding.h"
#include "proto-parsers/postgres/encode.h"
#include "proto-parsers/sql/redact.h"
#include "sidecar/session/postgres_exchange.h"
#include "sidecar/session/postgres_refusal.h"

namespace chaperone::session {
namespace {

constexpr std::string_view kInsufficientPrivilege = "42501";
constexpr std::string_view kProgramLimit = "54000";
constexpr std::string_view kUnknownStatement = "26000";
constexpr std::string_view kUnknownPortal = "34000";
constexpr std::string_view kCannotNow = "55000";

pg::Sent sent_of(pg::FrontendType type) {
  switch (type) {
    case pg::FrontendType::kQuery: return pg::Sent::kQuery;
    case pg::FrontendType::kFunctionCall: return pg::Sent::kFunctionCall;
    default: return pg::Sent::kParse;
  }
}

bool is_ascii(std::string_view text) {
  for (char c : text) {
    if (static_cast<unsigned char>(c) >= 0x80) return false;
  }
  return true;
}

// PostgreSQL's FirstNormalObjectId: types from here on were made by users, and their input, checks
// and casts are code of theirs.
constexpr std::uint32_t kUserTypeMin = 16384;

bool names_user_type(const pg::FrontendMessage& message) {
  ByteReader types(message.parameter_types);
  while (types.size() >= 4) {
    if (types.take_u32() >= kUserTypeMin) return true;
  }
  return false;
}

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

// SQL's PREPARE, DEALLOCATE and DISCARD work on the names that Parse and Bind use.
bool changes_prepared(const Meaning& meaning) {
  for (const Statement& statement : meaning.statements) {
    if (statement.verb == "PREPARE" || statement.verb.starts_with("DEALLOCATE") ||
        statement.verb.starts_with("DISCARD")) {
      return true;
    }
  }
  return false;
}

}  // namespace

bool PostgresExchange::blocked() const {
  return failed_ || !outbox_.empty() || await_ready_ || await_copy_ || await_catalogue_ ||
         asking() || server_congested_ || ledger_.full();
}

void PostgresExchange::on_client(Bytes fresh) {
  if (failed_) return;
  Bytes input = client_gate_.join(fresh);
  client_gate_.keep(input, blocked() ? 0 : pump_client(input));
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
  while (!failed_ && !await_ready_ && !await_copy_ && !await_catalogue_ && !server_congested_ &&
         !ledger_.full() && !asking()) {
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
  if (!failed_ && !record_parse()) return at;
  if (!failed_) flush();
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
  if (message.type != Type::kBind && unrecorded_parse_ && !record_parse()) return Action::kWait;
  if (message.oversized) {
    return refuse_unjudged(sent_of(message.type), kProgramLimit,
                           "the message is longer than the sidecar's limit",
                           "send less at a time, or ask the operator for a higher limit");
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
      ledger_.copy_ended();
      await_query_behind_barrier();
      return Action::kForward;
    case pg::FrontendType::kSync:
    case pg::FrontendType::kFlush: return Action::kSwallow;
    default: fail("protocol_violation", "a command while COPY data is expected"); return Action::kWait;
  }
}

// The client's own judgement of text may differ from the server's where this is not null.
const char* PostgresExchange::unreadable(std::string_view text) const {
  if (!pg::client_encoding_is_safe(settings_.client_encoding) && !is_ascii(text)) {
    return "this client_encoding can hide quotes inside characters, so that the statement cannot be "
           "read reliably";
  }
  return nullptr;
}

// Null when the answer must wait, or was given already: `action` then says which.
JudgedPtr PostgresExchange::judge(std::string_view text, Action& action) {
  JudgedPtr judged = scope_->judge(text, &names_);
  bool missed = facts_.catalogue ? judged->analysis.catalogue_miss
                                 : judged->analysis.meaning.effects.has(Effect::kUnknown) &&
                                       facts_.catalogue_missing;
  if (missed && std::exchange(catalogue_confirmed_, false)) return scope_->settle_miss(text, &names_);
  if (!missed) return judged;
  await_catalogue_ = true;
  action = Action::kWait;
  ports_.need_catalogue(false);
  return nullptr;
}

policy::Decision PostgresExchange::decide(const Judged& judged, std::string_view text,
                                          std::span<const Parameter> parameters) const {
  Command command;
  command.protocol = Protocol::kPostgres;
  command.meaning = &judged.analysis.meaning;
  command.text = text;
  command.parameters = parameters;
  policy::Decision decision = judged.prepared.settled;
  if (judged.prepared.open) {
    decision = facts_.policy->decide(judged.prepared, command, wall_now_ns() / 1'000'000'000);
  }
  if (read_only_ && judged.analysis.lifts_read_only) {
    decision.verdict = decision.would_be = policy::Verdict::kDeny;
    decision.rule = "read-only";
    decision.reason = "the policy lets this agent only read here; the session stays read-only";
    decision.hint = "leave transaction_read_only as it is";
  }
  return decision;
}

bool PostgresExchange::recorded(const Result<spool::Position>& position,
                                policy::Durability durability) {
  if (!position.ok()) {
    fail("spool", position.error().message);
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
  metrics_.command(judged.analysis.meaning.effects, decision);
  bool leaves = decision.verdict == policy::Verdict::kAllow;
  return recorded(trail_.command(operation, judged, decision, settings_.reading, text, parameters),
                  leaves ? decision.durability : policy::Durability::kProcess);
}

// A Parse that no Bind of the same read followed is on its own.
bool PostgresExchange::record_parse() {
  if (!unrecorded_parse_) return true;
  UnrecordedParse parse = *std::exchange(unrecorded_parse_, std::nullopt);
  std::string redacted;
  if (parse.judged->analysis.has_secrets || sql::holds_secret(parse.text, settings_.reading)) {
    redacted = redact_text(parse.text, settings_.reading);
    parse.text = redacted;
  }
  return recorded(trail_.command(next_operation(), prepare_meaning(), parse.judged->ruling_part,
                                 parse.text),
                  policy::Durability::kProcess);
}

void PostgresExchange::begin_operation(std::uint64_t number) {
  Operation operation;
  operation.number = number;
  operation.begun_ns = now_ns_;
  operation.copy_bytes_at_begin = frontend_.copy_bytes();
  operations_.push_back(std::move(operation));
}

void PostgresExchange::owe(pg::Sent sent, std::uint64_t operation, bool refused) {
  pg::LedgerEntry entry;
  entry.sent = sent;
  entry.operation = operation;
  entry.refused = refused;
  ledger_.sent(entry);
}

// What an allowed command may change for those after it.
void PostgresExchange::note_effects(const Judged& judged, std::uint64_t executed) {
  const sql::Analysis& analysis = judged.analysis;
  if (analysis.leaves_session_state) stateless_ = false;
  bool unsettles = analysis.may_change_reading ||
                   (analysis.transaction_control && changed_in_transaction_);
  if (unsettles) {
    group_barrier_ = refresh_settings_ = changed_in_transaction_ = true;
    names_uncertain_ = names_uncertain_ || analysis.leaves_session_state;
  }
  if (changes_prepared(analysis.meaning)) {
    group_barrier_ = refresh_settings_ = names_uncertain_ = true;
  }
  if (analysis.changes_catalogue) refresh_catalogue_ = refresh_settings_ = group_barrier_ = true;
  if (executed != 0 && analysis.copies_in) {
    await_copy_ = true;
    copy_operation_ = executed;
  }
}

PostgresExchange::Action PostgresExchange::on_query(const pg::FrontendMessage& message) {
  if (const char* why = unreadable(message.text)) {
    return refuse_unjudged(pg::Sent::kQuery, kInsufficientPrivilege, why, "SET client_encoding TO 'UTF8'");
  }
  Action action = Action::kWait;
  JudgedPtr judged = judge(message.text, action);
  if (!judged) return action;
  policy::Decision decision = decide(*judged, message.text, {});
  auto permit = policy::Policy::permit(decision);
  if (!permit) {
    return refuse(pg::Sent::kQuery, message.text, judged.get(), decision, kInsufficientPrivilege);
  }
  std::uint64_t operation = next_operation();
  if (!record(operation, *judged, decision, message.text, {})) return Action::kWait;
  begin_operation(operation);
  owe(pg::Sent::kQuery, operation);
  note_effects(*judged, operation);
  // The unnamed statement and portal end with a simple query.
  if (group_barrier_) await_ready_ = true;
  return Action::kForward;
}

PostgresExchange::Action PostgresExchange::on_parse(const pg::FrontendMessage& message) {
  if (const char* why = unreadable(message.text)) {
    return refuse_unjudged(pg::Sent::kParse, kInsufficientPrivilege, why, "SET client_encoding TO 'UTF8'");
  }
  if (group_barrier_) return refuse_behind_barrier();
  if (names_.size() >= kPreparedStatementsMax ||
      names_.text_bytes() + message.text.size() > kPreparedTextBytesMax) {
    return refuse_unjudged(pg::Sent::kParse, kProgramLimit,
                           "this session holds as many prepared statements as the sidecar allows",
                           "close some of them (DEALLOCATE)");
  }
  Action action = Action::kWait;
  bool with_code = names_user_type(message);
  JudgedPtr judged = judge(message.text, action);
  if (!judged) return action;
  if (with_code) judged = scope_->judge_with_code(message.text, &names_);
  policy::Decision decision = judged->prepared.settled;
  if (read_only_ && judged->analysis.lifts_read_only) decision = decide(*judged, message.text, {});
  // Rules that ask for values have their say at Bind; what is refused whatever they are, is here.
  if (decision.verdict != policy::Verdict::kAllow && !judged->prepared.open) {
    return refuse(pg::Sent::kParse, message.text, judged.get(), decision, kInsufficientPrivilege);
  }
  auto statement = std::make_shared<PreparedStatement>();
  statement->judged = judged;
  statement->text = message.text;
  statement->scope = scope_;
  statement->with_code = with_code;
  ByteReader types(message.parameter_types);
  while (types.size() >= 4) statement->parameter_types.push_back(types.take_u32());
  if (!message.statement.empty()) stateless_ = false;
  names_.change_statement(message.statement, std::move(statement));
  unrecorded_parse_ = UnrecordedParse{std::move(judged), message.statement, message.text};
  owe(pg::Sent::kParse, 0);
  return Action::kForward;
}

PostgresExchange::Action PostgresExchange::on_bind(const pg::FrontendMessage& message) {
  if (unrecorded_parse_ && unrecorded_parse_->name != message.statement && !record_parse()) {
    return Action::kWait;
  }
  StatementPtr statement = names_.statement(message.statement);
  if (!statement) {
    return refuse_unjudged(pg::Sent::kParse, kUnknownStatement,
                           "there is no prepared statement of this name that was seen to be prepared",
                           "prepare it again");
  }
  if (group_barrier_) return refuse_behind_barrier();
  if (!names_.reads_alike(*statement)) {
    return refuse_unjudged(pg::Sent::kParse, kCannotNow,
                           "this statement was prepared while standard_conforming_strings was other",
                           "prepare it again");
  }
  if (operations_.size() >= kPreparedStatementsMax) {
    return refuse_unjudged(pg::Sent::kParse, kProgramLimit,
                           "this transaction holds as many portals as the sidecar allows",
                           "execute them, or end the transaction");
  }
  if (statement->judged->policy != facts_.policy || statement->scope != scope_) {
    Action action = Action::kWait;
    JudgedPtr anew = judge(statement->text, action);
    if (!anew) return action;
    if (statement->with_code) anew = scope_->judge_with_code(statement->text, &names_);
    statement->judged = std::move(anew);
    statement->scope = scope_;
  }
  parameters_.clear();
  Parameter parameter;
  for (auto values = message.values(); values.next(parameter);) {
    std::size_t index = parameters_.size();
    parameter.type = index < statement->parameter_types.size() ? statement->parameter_types[index] : 0;
    parameters_.push_back(parameter);
  }
  const Judged& judged = *statement->judged;
  policy::Decision decision = decide(judged, statement->text, parameters_);
  auto permit = policy::Policy::permit(decision);
  if (!permit) {
    unrecorded_parse_.reset();
    return refuse(pg::Sent::kParse, statement->text, &judged, decision, kInsufficientPrivilege);
  }
  unrecorded_parse_.reset();
  std::uint64_t operation = next_operation();
  if (!record(operation, judged, decision, statement->text, parameters_)) return Action::kWait;
  begin_operation(operation);
  auto portal = std::make_shared<Portal>();
  portal->statement = std::move(statement);
  portal->operation = operation;
  names_.change_portal(message.portal, std::move(portal));
  owe(pg::Sent::kBind, operation);
  note_effects(judged, 0);  // planning may run functions, so it counts from here
  return Action::kForward;
}

PostgresExchange::Action PostgresExchange::on_execute(const pg::FrontendMessage& message) {
  PortalPtr portal = names_.portal(message.portal);
  if (!portal) {
    return refuse_unjudged(pg::Sent::kParse, kUnknownPortal,
                           "there is no portal of this name that was seen to be bound",
                           "bind it again");
  }
  const Judged& judged = *portal->statement->judged;
  if (portal->executed) {
    // Fetching on from a portal: a command of its own, judged again under today's policy.
    JudgedPtr again = scope_->judge(portal->statement->text, &names_);
    policy::Decision decision = decide(*again, portal->statement->text, {});
    if (decision.verdict != policy::Verdict::kAllow) {
      return refuse(pg::Sent::kParse, portal->statement->text, again.get(), decision,
                    kInsufficientPrivilege);
    }
    std::uint64_t operation = next_operation();
    if (!record(operation, *again, decision, portal->statement->text, {})) return Action::kWait;
    begin_operation(operation);
    portal->operation = operation;
  }
  portal->executed = true;
  owe(pg::Sent::kExecute, portal->operation);
  note_effects(judged, portal->operation);
  if (await_copy_) pg::append_flush(trailing_);  // its first reply decides what may follow
  return Action::kForward;
}

PostgresExchange::Action PostgresExchange::on_describe(const pg::FrontendMessage& message) {
  owe(message.of_portal ? pg::Sent::kDescribePortal : pg::Sent::kDescribeStatement, 0);
  return Action::kForward;
}

PostgresExchange::Action PostgresExchange::on_close(const pg::FrontendMessage& message) {
  if (message.of_portal) names_.change_portal(message.portal, nullptr);
  else names_.change_statement(message.statement, nullptr);
  owe(pg::Sent::kClose, 0);
  return Action::kForward;
}

PostgresExchange::Action PostgresExchange::on_function_call(const pg::FrontendMessage& message) {
  std::string text = function_call_text(message.function, message.value_count);
  Action action = Action::kWait;
  JudgedPtr judged = judge(text, action);
  if (!judged) return action;
  parameters_.clear();
  Parameter parameter;
  for (auto values = message.values(); values.next(parameter);) parameters_.push_back(parameter);
  policy::Decision decision = decide(*judged, text, parameters_);
  auto permit = policy::Policy::permit(decision);
  if (!permit) {
    return refuse(pg::Sent::kQuery, text, judged.get(), decision, kInsufficientPrivilege);
  }
  std::uint64_t operation = next_operation();
  if (!record(operation, *judged, decision, text, parameters_)) return Action::kWait;
  begin_operation(operation);
  owe(pg::Sent::kFunctionCall, operation);
  note_effects(*judged, operation);
  stateless_ = false;
  if (group_barrier_) await_ready_ = true;
  return Action::kForward;
}

PostgresExchange::Action PostgresExchange::on_sync(const pg::FrontendMessage&) {
  skip_to_sync_ = false;
  if (group_barrier_) await_ready_ = true;
  owe(pg::Sent::kSync, 0);
  return Action::kForward;
}

PostgresExchange::Action PostgresExchange::refuse_behind_barrier() {
  return refuse_unjudged(
      pg::Sent::kParse, kCannotNow,
      "a statement before this one, in the same pipeline, may change how statements are read",
      "end the pipeline (Sync) behind statements such as SET, DDL or functions of your own");
}

PostgresExchange::Action PostgresExchange::refuse_unjudged(pg::Sent sent, std::string_view sqlstate,
                                                           std::string_view reason,
                                                           std::string_view hint) {
  policy::Decision decision;
  decision.rule = "sidecar";
  decision.reason = reason;
  decision.hint = hint;
  return refuse(sent, {}, nullptr, decision, sqlstate);
}

// Records the refusal and puts a statement that must fail in the command's place.
PostgresExchange::Action PostgresExchange::refuse(pg::Sent sent, std::string_view text,
                                                  const Judged* judged,
                                                  const policy::Decision& decision,
                                                  std::string_view sqlstate) {
  std::uint64_t operation = next_operation();
  static const Judged kUnjudged = unjudged();
  const Judged& known = judged ? *judged : kUnjudged;
  if (judged && decision.rule != "read-only") {
    if (!record(operation, known, decision, text, {})) return Action::kWait;
  } else {
    audit::EncodedPart ruling;
    encode_ruling(decision, *facts_.policy, ruling);
    metrics_.command(known.analysis.meaning.effects, decision);
    std::string kept = judged ? redact_text(text, settings_.reading) : std::string();
    if (!recorded(trail_.command(operation, known.meaning_part, ruling, kept),
                  policy::Durability::kProcess)) {
      return Action::kWait;
    }
  }
  ports_.refused(decision, known);
  refusals_.push_back(encode_refusal(decision, sqlstate));
  bool simple = sent != pg::Sent::kParse;
  if (simple) pg::append_refused_query(replacement_);
  else pg::append_refused_extended(replacement_);
  owe(simple ? pg::Sent::kQuery : pg::Sent::kParse, operation, true);
  skip_to_sync_ = !simple;
  return Action::kSwallow;
}

}  // namespace chaperone::session
