// From text to verdict, by what the session knows of the server now.

#include "sidecar/session/postgres_exchange.h"

#include "proto-parsers/postgres/client_encoding.h"

namespace chaperone::session {
namespace {

bool is_ascii(std::string_view text) {
  for (char c : text) {
    if (static_cast<unsigned char>(c) >= 0x80) return false;
  }
  return true;
}

}  // namespace

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

}  // namespace chaperone::session
