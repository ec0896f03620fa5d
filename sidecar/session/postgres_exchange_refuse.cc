// A refusal: recorded, and a statement that must fail put in the command's place.

#include "sidecar/session/postgres_exchange.h"

#include "proto-parsers/base/limits.h"
#include "proto-parsers/postgres/encode.h"
#include "sidecar/session/postgres_refusal.h"
#include "sidecar/session/sqlstate.h"

namespace chaperone::session {
namespace {

// Of what no rule of the policy refused.
constexpr std::string_view kOwnRule = "sidecar";

}  // namespace

PostgresExchange::Action PostgresExchange::refuse_behind_barrier(pg::Sent sent) {
  // A refused Query is answered, and so ends the group as a Sync would.
  return refuse_unjudged(
      sent, kCannotNow,
      "a statement before this one, in the same pipeline, may change how statements are read",
      "end the pipeline (Sync) behind statements such as SET, DDL or functions of your own");
}

PostgresExchange::Action PostgresExchange::refuse_read_otherwise() {
  return refuse_unjudged(pg::Sent::kParse, kCannotNow,
                         "this statement was prepared while standard_conforming_strings was, or "
                         "may have been, other than now",
                         "prepare it again");
}

PostgresExchange::Action PostgresExchange::refuse_unjudged(pg::Sent sent, std::string_view sqlstate,
                                                           std::string_view reason,
                                                           std::string_view hint) {
  policy::Decision decision;
  decision.rule = kOwnRule;
  decision.reason = reason;
  decision.hint = hint;
  return refuse(sent, {}, nullptr, decision, sqlstate);
}

// Only its head was kept.
PostgresExchange::Action PostgresExchange::refuse_oversized(const pg::FrontendMessage& message) {
  using Type = pg::FrontendType;
  bool text = message.type == Type::kQuery || message.type == Type::kParse;
  pg::Sent sent = message.type == Type::kQuery          ? pg::Sent::kQuery
                  : message.type == Type::kFunctionCall ? pg::Sent::kFunctionCall
                                                        : pg::Sent::kParse;
  if (message.given_up) {
    return refuse_unjudged(sent, kProgramLimit,
                           over_limit(held_seen_, "bytes of commands that are half here",
                                      "limits.held_bytes_max", limits_.held_bytes),
                           "send less at a time, or on fewer connections");
  }
  return refuse_unjudged(
      sent, kProgramLimit,
      over_limit(message.declared_bytes, "bytes of a message",
                 text ? "limits.statement_bytes_max" : "limits.bind_bytes_max",
                 text ? limits_.frontend.statement_bytes : limits_.frontend.bind_bytes),
      "send less at a time");
}

bool PostgresExchange::prepared_fit(std::size_t more, std::size_t bytes) const {
  return names_.size() + more <= limits_.prepared_statements &&
         names_.text_bytes() + bytes <= kPreparedTextBytesMax;
}

// SQL's PREPARE is counted when it is about to run; the server's list of them comes behind it.
bool PostgresExchange::prepares_too_much(const Judged& judged, std::string_view text) const {
  const auto& statements = judged.analysis.meaning.statements;
  if (prepared_fit(statements.size(), text.size())) return false;
  std::size_t more = prepared_by(judged.analysis.meaning);
  return more > 0 && !prepared_fit(more, text.size());
}

// `judged`: of the command that would prepare `more`; null: a Parse.
PostgresExchange::Action PostgresExchange::refuse_prepared(pg::Sent sent, std::size_t more,
                                                           std::string_view text,
                                                           const Judged* judged) {
  std::size_t count = names_.size() + more;
  std::string reason =
      count > limits_.prepared_statements
          ? over_limit(count, "prepared statements", "limits.prepared_statements_max",
                       limits_.prepared_statements)
          : over_limit(names_.text_bytes() + text.size(), "bytes of prepared statements",
                       "a session", kPreparedTextBytesMax);
  policy::Decision decision;
  decision.rule = kOwnRule;
  decision.reason = reason;
  decision.hint = "close some of them (DEALLOCATE)";
  return refuse(sent, judged ? text : std::string_view(), judged, decision, kProgramLimit);
}

// Records the refusal and puts a statement that must fail in the command's place.
PostgresExchange::Action PostgresExchange::refuse(pg::Sent sent, std::string_view text,
                                                  const Judged* judged,
                                                  const policy::Decision& decision,
                                                  std::string_view sqlstate) {
  std::uint64_t operation = next_operation();
  static const Judged kUnjudged = unjudged();
  const Judged& known = judged ? *judged : kUnjudged;
  if (judged && decision.rule != "read-only" && decision.rule != kOwnRule) {
    if (!record(operation, known, decision, text, {})) return refuse_unrecorded(sent);
  } else {
    audit::EncodedPart ruling;
    encode_ruling(decision, *facts_.policy, ruling);
    std::string kept = judged ? redact_text(text, settings_.reading, known.analysis.secrets) : std::string();
    if (!recorded(trail_.command(operation, known.meaning_part, ruling, kept),
                  policy::Durability::kProcess)) {
      return refuse_unrecorded(sent);
    }
    metrics_.command(known.analysis.meaning.effects, decision);
  }
  return put_refusal(sent, operation, known, decision, sqlstate);
}

// Without a record: that there was one to make is told with the first that finds room again.
PostgresExchange::Action PostgresExchange::refuse_unrecorded(pg::Sent sent) {
  static const Judged kUnjudged = unjudged();
  policy::Decision decision;
  decision.rule = kOwnRule;
  decision.reason = unrecorded_because_;
  decision.hint = "nothing leaves unrecorded; the command may be sent again when there is room";
  metrics_.command(kUnjudged.analysis.meaning.effects, decision);
  return put_refusal(sent, next_operation(), kUnjudged, decision, kDiskFull);
}

// A statement that must fail goes in the command's place, and our error in that of the server's.
PostgresExchange::Action PostgresExchange::put_refusal(pg::Sent sent, std::uint64_t operation,
                                                       const Judged& known,
                                                       const policy::Decision& decision,
                                                       std::string_view sqlstate) {
  ports_.refused(decision, known);
  refusals_.push_back(encode_refusal(decision, sqlstate));
  bool simple = sent != pg::Sent::kParse;
  if (simple) pg::append_refused_query(replacement_);
  else pg::append_refused_extended(replacement_);
  owe(simple ? pg::Sent::kQuery : pg::Sent::kParse, operation, true);
  skip_to_sync_ = !simple;
  if (simple) end_group();
  return Action::kSwallow;
}

}  // namespace chaperone::session
