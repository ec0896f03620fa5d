#include "sidecar/session/postgres_refusal.h"

#include "proto-parsers/postgres/encode.h"
#include "proto-parsers/sql/redact.h"

namespace chaperone::session {

std::string encode_refusal(const policy::Decision& decision, std::string_view sqlstate) {
  std::string message = "chaperone: refused by rule \"" + std::string(decision.rule) + "\"";
  if (!decision.reason.empty()) message += ": " + std::string(decision.reason);
  pg::ErrorText error;
  error.sqlstate = sqlstate;
  error.message = message;
  error.hint = decision.hint;
  std::string encoded;
  pg::append_error(encoded, error);
  return encoded;
}

std::string encode_fatal(std::string_view sqlstate, std::string_view message,
                         std::string_view hint) {
  pg::ErrorText error;
  error.severity = "FATAL";
  error.sqlstate = sqlstate;
  error.message = message;
  error.hint = hint;
  std::string encoded;
  pg::append_error(encoded, error);
  return encoded;
}

std::string over_limit(std::uint64_t seen, std::string_view of_what, std::string_view limit,
                       std::uint64_t allowed) {
  return std::to_string(seen) + " " + std::string(of_what) + " are more than " +
         std::string(limit) + " allows (" + std::to_string(allowed) + ")";
}

Judged unjudged() {
  Judged judged;
  Statement statement;
  statement.verb = "UNREAD";
  statement.effects = Effect::kUnknown;
  statement.unknown_because = "refused before it was read";
  judged.analysis.meaning.effects = statement.effects;
  judged.analysis.meaning.risk = risk_of(statement.effects);
  judged.analysis.meaning.statements.push_back(std::move(statement));
  audit::encode(judged.analysis.meaning, judged.meaning_part);
  return judged;
}

std::string function_call_text(std::uint32_t function, std::size_t values) {
  return "FUNCTION CALL oid " + std::to_string(function) + " with " + std::to_string(values) +
         " values";
}

std::string redact_text(std::string_view text, const sql::Reading& reading,
                        const sql::SecretPlaces& places) {
  return sql::redact(text, reading, places).value_or(std::string(text));
}

}  // namespace chaperone::session
