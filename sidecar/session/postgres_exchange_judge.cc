// From text to verdict, by what the session knows of the server now.

#include "sidecar/session/postgres_exchange.h"

#include "sidecar/session/text_encoding.h"

namespace chaperone::session {

// A value in another encoding than the policy's is one that cannot be read: its bytes are kept, and
// not taken for text.
void PostgresExchange::hide_unreadable_values() {
  if (text_is_utf8(settings_)) return;
  for (Parameter& parameter : parameters_) {
    if (is_ascii(as_text(parameter.value))) continue;
    parameter.binary = true;
    parameter.type = 0;
  }
}

// Null when the answer must wait, or was given already: `action` then says which.
JudgedPtr PostgresExchange::judge(pg::Sent sent, std::string_view text, Action& action) {
  bool confirmed = std::exchange(catalogue_confirmed_, false);
  JudgedPtr judged = scope_->judge(text, &names_);
  if (!missed(*judged)) return judged;
  if (confirmed) return scope_->settle_miss(text, &names_);
  action = await_fresh_catalogue(sent);
  return nullptr;
}

JudgedPtr PostgresExchange::judge_call(std::uint32_t function, Action& action) {
  bool confirmed = std::exchange(catalogue_confirmed_, false);
  JudgedPtr judged = scope_->judge_call(function);
  if (!missed(*judged)) return judged;
  if (confirmed) return scope_->settle_call_miss(function);
  action = await_fresh_catalogue(pg::Sent::kFunctionCall);
  return nullptr;
}

// The view of the catalogue lacks what was named, or is lost: a fresh one may tell more.
bool PostgresExchange::missed(const Judged& judged) const {
  if (!facts_.catalogue_matters) return false;
  if (facts_.catalogue) return judged.analysis.catalogue_miss;
  return facts_.catalogue_missing && judged.analysis.meaning.effects.has(Effect::kUnknown);
}

// `sent`: the kind of message that waits for it.
PostgresExchange::Action PostgresExchange::await_fresh_catalogue(pg::Sent sent) {
  if (!private_catalogue_) {
    await_catalogue_ = true;
    ports_.need_catalogue(false);
    return Action::kWait;
  }
  // What this transaction sees it alone can tell, once it is at rest; and a group that was begun
  // does not come to rest before its Sync, which is behind this message.
  if (group_open_) return refuse_behind_barrier(sent);
  refresh_settings_ = refresh_catalogue_ = true;
  if (settings_due()) begin_settings_query();
  else await_ready_ = true;
  return Action::kWait;
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

}  // namespace chaperone::session
