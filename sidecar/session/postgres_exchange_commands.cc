// Commands that run at once: Query and FunctionCall, and what any command changes for those after it.

#include "sidecar/session/postgres_exchange.h"

#include <algorithm>

#include "sidecar/session/postgres_refusal.h"
#include "sidecar/session/sqlstate.h"
#include "sidecar/session/text_encoding.h"

namespace chaperone::session {
namespace {

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

bool fetches(const Meaning& meaning) {
  for (const Statement& statement : meaning.statements) {
    if (statement.verb == "FETCH" || statement.verb == "MOVE") return true;
  }
  return false;
}

// COMMIT of a transaction that failed is a ROLLBACK.
bool ends_transaction(const Statement& statement) {
  return statement.verb.starts_with("ROLLBACK") || statement.verb == "COMMIT" ||
         statement.verb == "PREPARE TRANSACTION";
}

}  // namespace

std::size_t PostgresExchange::prepared_by(const Meaning& meaning) {
  return static_cast<std::size_t>(
      std::count_if(meaning.statements.begin(), meaning.statements.end(),
                    [](const Statement& statement) { return statement.verb == "PREPARE"; }));
}

// What stands behind the transaction's end in one text is judged by names of within it.
bool PostgresExchange::outlives_transaction(const Meaning& meaning) const {
  if (!changed_in_transaction_ && !private_catalogue_) return false;
  bool ended = false;
  for (const Statement& statement : meaning.statements) {
    if (ended && !statement.effects.within(Effect::kTransaction)) return true;
    ended = ended || ends_transaction(statement);
  }
  return false;
}

PostgresExchange::Action PostgresExchange::on_query(const pg::FrontendMessage& message) {
  if (const char* why = unreadable_text(message.text, settings_)) {
    return refuse_unjudged(pg::Sent::kQuery, kInsufficientPrivilege, why, kEncodingHint);
  }
  if (group_barrier_) return refuse_behind_barrier(pg::Sent::kQuery);
  if (names_.unsettled() && names_prepared(message.text)) {
    await_names_ = true;
    return Action::kWait;
  }
  Action action = Action::kWait;
  JudgedPtr judged = judge(pg::Sent::kQuery, message.text, action);
  if (!judged) return action;
  if (outlives_transaction(judged->analysis.meaning)) {
    return refuse_unjudged(pg::Sent::kQuery, kCannotNow,
                           "this text goes on behind the end of a transaction that changed what names "
                           "mean",
                           "end the transaction in a message of its own");
  }
  policy::Decision decision = decide(*judged, message.text, {});
  auto permit = policy::Policy::permit(decision);
  if (!permit) {
    return refuse(pg::Sent::kQuery, message.text, judged.get(), decision, kInsufficientPrivilege);
  }
  if (prepares_too_much(*judged, message.text)) {
    return refuse_prepared(pg::Sent::kQuery, prepared_by(judged->analysis.meaning), message.text,
                           judged.get());
  }
  std::uint64_t operation = next_operation();
  if (!record(operation, *judged, decision, message.text, {})) return refuse_unrecorded(pg::Sent::kQuery);
  begin_operation(operation);
  owe(pg::Sent::kQuery, operation);
  note_effects(*judged, operation);
  end_group();
  return Action::kForward;
}

PostgresExchange::Action PostgresExchange::on_function_call(const pg::FrontendMessage& message) {
  if (group_barrier_) return refuse_behind_barrier(pg::Sent::kFunctionCall);
  std::string text = function_call_text(message.function, message.value_count);
  Action action = Action::kWait;
  JudgedPtr judged = judge_call(message.function, action);
  if (!judged) return action;
  parameters_.clear();
  Parameter parameter;
  for (auto values = message.values(); values.next(parameter);) parameters_.push_back(parameter);
  hide_unreadable_values();
  policy::Decision decision = decide(*judged, text, parameters_);
  auto permit = policy::Policy::permit(decision);
  if (!permit) {
    return refuse(pg::Sent::kFunctionCall, text, judged.get(), decision, kInsufficientPrivilege);
  }
  std::uint64_t operation = next_operation();
  if (!record(operation, *judged, decision, text, parameters_)) {
    return refuse_unrecorded(pg::Sent::kFunctionCall);
  }
  begin_operation(operation);
  owe(pg::Sent::kFunctionCall, operation);
  note_effects(*judged, operation);
  stateless_ = false;
  end_group();
  return Action::kForward;
}

// What an allowed command may change for those after it.
void PostgresExchange::note_effects(const Judged& judged, std::uint64_t executed) {
  const sql::Analysis& analysis = judged.analysis;
  if (analysis.leaves_session_state) stateless_ = false;
  if (!facts_.catalogue && !facts_.catalogue_matters) stateless_ = false;  // who knows what it ran
  if (!names_uncertain_) uncertain_reading_ = settings_.reading;
  bool unsettles = analysis.may_change_reading ||
                   (analysis.transaction_control && changed_in_transaction_);
  // Objects of the open transaction may be gone again (ROLLBACK TO).
  if (analysis.transaction_control && (private_catalogue_ || refresh_catalogue_)) {
    group_barrier_ = refresh_settings_ = refresh_catalogue_ = true;
  }
  // The cursor may run what changed settings when it was declared, only now.
  unsettles = unsettles || (changed_in_transaction_ && fetches(analysis.meaning));
  if (unsettles) {
    group_barrier_ = refresh_settings_ = changed_in_transaction_ = true;
    names_uncertain_ = names_uncertain_ || analysis.leaves_session_state;
    prepared_unseen_ = prepared_unseen_ || analysis.leaves_session_state;
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

}  // namespace chaperone::session
