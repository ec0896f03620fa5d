// The extended protocol's commands: a text is judged at its Parse, with its values at its Bind.

#include "sidecar/session/postgres_exchange.h"

#include <algorithm>

#include "proto-parsers/base/limits.h"
#include "proto-parsers/postgres/encode.h"
#include "sidecar/session/postgres_refusal.h"
#include "sidecar/session/sqlstate.h"
#include "sidecar/session/text_encoding.h"

namespace chaperone::session {
namespace {

// PostgreSQL's FirstNormalObjectId: types from here on were made by users, and their input, checks
// and casts are code of theirs.
constexpr std::uint32_t kUserTypeMin = 16384;

// A spool that is not full has room for a record with such a text; for any, where so much is left.
constexpr std::size_t kSureTextBytes = 2048;
constexpr std::uint64_t kMuchRoomBytes = 64 * 1024 * 1024;

std::vector<std::uint32_t> types_of(const pg::FrontendMessage& message) {
  std::vector<std::uint32_t> types;
  for (ByteReader rest(message.parameter_types); rest.size() >= 4;) types.push_back(rest.take_u32());
  return types;
}

bool names_user_type(const std::vector<std::uint32_t>& types) {
  return std::any_of(types.begin(), types.end(), [](auto type) { return type >= kUserTypeMin; });
}

}  // namespace

PostgresExchange::Action PostgresExchange::on_parse(const pg::FrontendMessage& message) {
  if (const char* why = unreadable_text(message.text, settings_)) {
    return refuse_unjudged(pg::Sent::kParse, kInsufficientPrivilege, why, kEncodingHint);
  }
  if (group_barrier_) return refuse_behind_barrier(pg::Sent::kParse);
  std::size_t more = message.statement.empty() ? 0 : 1;  // the unnamed one takes its own place
  if (!prepared_fit(more, message.text.size())) {
    return refuse_prepared(pg::Sent::kParse, more, message.text, nullptr);
  }
  Action action = Action::kWait;
  StatementPtr statement = prepare(message, action);
  if (!statement) return action;
  const JudgedPtr& judged = statement->judged;
  policy::Decision decision = judged->prepared.settled;
  if (read_only_ && judged->analysis.lifts_read_only) decision = decide(*judged, message.text, {});
  // Rules that ask for values have their say at Bind; what is refused whatever they are, is here.
  if (decision.verdict != policy::Verdict::kAllow && !judged->prepared.open) {
    return refuse(pg::Sent::kParse, message.text, judged.get(), decision, kInsufficientPrivilege);
  }
  unrecorded_parse_ = UnrecordedParse{judged, message.statement, message.text};
  // Where room is short it does not wait for a Bind, which may find none.
  if (!room_for_parse(message.text.size()) && !record_parse())
    return refuse_unrecorded(pg::Sent::kParse);
  if (!message.statement.empty() || judged->analysis.leaves_session_state) stateless_ = false;
  names_.change_statement(message.statement, std::move(statement));
  owe(pg::Sent::kParse, 0);
  return Action::kForward;
}

// Whether the record of a Parse is sure to find room, though not made at once: its Bind may find
// none.
bool PostgresExchange::room_for_parse(std::size_t text_bytes) const {
  spool::Usage usage = spool_.usage();
  if (usage.full) return false;
  return text_bytes <= kSureTextBytes || usage.bytes_max - usage.bytes >= kMuchRoomBytes;
}

// Null when the answer must wait, or was given already: `action` then says which.
StatementPtr PostgresExchange::prepare(const pg::FrontendMessage& message, Action& action) {
  std::vector<std::uint32_t> types = types_of(message);
  // Drivers prepare the same text under the same name again and again.
  StatementPtr last = names_.statement(message.statement);
  if (last && last->by_text_alone && last->scope == scope_ && last->text == message.text &&
      last->parameter_types == types) {
    return last;
  }
  JudgedPtr judged = judge(pg::Sent::kParse, message.text, action);
  if (!judged) return nullptr;
  auto statement = std::make_shared<PreparedStatement>();
  statement->with_code = names_user_type(types);
  if (statement->with_code) judged = scope_->judge_with_code(message.text, &names_);
  statement->judged = std::move(judged);
  statement->text = message.text;
  statement->scope = scope_;
  statement->by_text_alone = !statement->with_code && !names_prepared(message.text);
  statement->parameter_types = std::move(types);
  return statement;
}

PostgresExchange::Action PostgresExchange::on_bind(const pg::FrontendMessage& message) {
  if (unrecorded_parse_ && unrecorded_parse_->name != message.statement && !record_taken_parse()) {
    return Action::kWait;
  }
  if (names_.unsettled(false, message.statement)) {
    await_names_ = true;
    return Action::kWait;
  }
  StatementPtr statement = names_.statement(message.statement);
  if (!statement) {
    return refuse_unjudged(pg::Sent::kParse, kUnknownStatement,
                           "there is no prepared statement of this name that was seen to be prepared",
                           "prepare it again");
  }
  if (group_barrier_) return refuse_behind_barrier(pg::Sent::kParse);
  if (!names_.reads_alike(*statement)) return refuse_read_otherwise();
  if (operations_.size() >= kPreparedStatementsMax) {
    return refuse_unjudged(
        pg::Sent::kParse, kProgramLimit,
        over_limit(operations_.size() + 1, "portals", "a transaction", kPreparedStatementsMax),
        "execute them, or end the transaction");
  }
  if (statement->judged->policy != facts_.policy || statement->scope != scope_) {
    Action action = Action::kWait;
    JudgedPtr anew = judge(pg::Sent::kParse, statement->text, action);
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
  hide_unreadable_values();
  const Judged& judged = *statement->judged;
  policy::Decision decision = decide(judged, statement->text, parameters_);
  auto permit = policy::Policy::permit(decision);
  if (!permit || prepares_too_much(judged, statement->text)) {
    return refuse_bind(*statement, permit ? nullptr : &decision);
  }
  std::uint64_t operation = next_operation();
  if (!record(operation, judged, decision, statement->text, parameters_)) {
    if (!record_taken_parse()) return Action::kWait;
    return refuse_unrecorded(pg::Sent::kParse);
  }
  unrecorded_parse_.reset();
  begin_operation(operation);
  auto portal = std::make_shared<Portal>();
  portal->statement = std::move(statement);
  portal->bound = parameters_.size();
  if (judged.prepared.open) portal->values = std::make_unique<BoundValues>(parameters_);
  portal->operation = operation;
  portal->scope = scope_;
  names_.change_portal(message.portal, portal);
  owe(pg::Sent::kBind, operation);
  note_effects(judged, 0);  // planning may run functions, so it counts from here
  if (group_barrier_) barrier_portal_ = std::move(portal);
  return Action::kForward;
}

// By `decision`; null: it would prepare more than there may be. The refusal's record is its Parse's too.
PostgresExchange::Action PostgresExchange::refuse_bind(const PreparedStatement& statement,
                                                       const policy::Decision* decision) {
  const Judged& judged = *statement.judged;
  unrecorded_because_.clear();
  Action action = decision ? refuse(pg::Sent::kParse, statement.text, &judged, *decision,
                                    kInsufficientPrivilege)
                           : refuse_prepared(pg::Sent::kParse, prepared_by(judged.analysis.meaning),
                                             statement.text, &judged);
  if (!unrecorded_because_.empty() && !record_taken_parse()) return Action::kWait;
  unrecorded_parse_.reset();
  return action;
}

PostgresExchange::Action PostgresExchange::on_execute(const pg::FrontendMessage& message) {
  if (names_.unsettled(true, message.portal)) {
    await_names_ = true;
    return Action::kWait;
  }
  PortalPtr portal = names_.portal(message.portal);
  if (!portal) {
    return refuse_unjudged(pg::Sent::kParse, kUnknownPortal,
                           "there is no portal of this name that was seen to be bound",
                           "bind it again");
  }
  // Planning raised the barrier, and its own first Execute is what the planning was for.
  if (group_barrier_ && std::exchange(barrier_portal_, nullptr) != portal) {
    return refuse_behind_barrier(pg::Sent::kParse);
  }
  if (portal->executed || portal->scope != scope_ || portal->statement->judged->prepared.open) {
    Action action = Action::kWait;
    if (!judge_portal(*portal, action)) return action;
  }
  const Judged& judged = *portal->statement->judged;
  if (prepares_too_much(judged, portal->statement->text)) {
    return refuse_prepared(pg::Sent::kParse, prepared_by(judged.analysis.meaning),
                           portal->statement->text, &judged);
  }
  portal->executed = true;
  owe(pg::Sent::kExecute, portal->operation);
  note_effects(judged, portal->operation);
  if (await_copy_) pg::append_flush(trailing_);  // its first reply decides what may follow
  return Action::kForward;
}

// Of a portal that is fetched on from, was bound when names meant other things (a function's body is
// resolved as it runs) or under another policy, or where rules ask for the time: judged again, as
// things are now. False: `action` says what becomes of it.
bool PostgresExchange::judge_portal(Portal& portal, Action& action) {
  const PreparedStatement& statement = *portal.statement;
  if (!names_.reads_alike(statement)) {
    action = refuse_read_otherwise();
    return false;
  }
  JudgedPtr judged = judge(pg::Sent::kParse, statement.text, action);
  if (!judged) return false;
  if (statement.with_code) judged = scope_->judge_with_code(statement.text, &names_);
  parameters_.assign(portal.bound, BoundValues::unreadable());
  std::span<const Parameter> values = portal.values ? portal.values->parameters() : parameters_;
  policy::Decision decision = decide(*judged, statement.text, values);
  if (decision.verdict != policy::Verdict::kAllow) {
    action = refuse(pg::Sent::kParse, statement.text, judged.get(), decision, kInsufficientPrivilege);
    return false;
  }
  portal.scope = scope_;
  if (!portal.executed) return true;  // its Bind was recorded
  std::uint64_t operation = next_operation();
  if (!record(operation, *judged, decision, statement.text, {})) {
    action = refuse_unrecorded(pg::Sent::kParse);
    return false;
  }
  begin_operation(operation);
  portal.operation = operation;
  return true;
}

}  // namespace chaperone::session
