#pragma once
// What a refused agent is told, in PostgreSQL's own words: an ErrorResponse that names the rule, the
// reason and what to do instead.

#include <cstdint>
#include <string>
#include <string_view>

#include "proto-parsers/sql/analyse.h"
#include "sidecar/policy/decision.h"
#include "sidecar/session/judge.h"

namespace chaperone::session {

// The encoded ErrorResponse. `sqlstate` is 42501 (insufficient_privilege) where a rule spoke.
std::string encode_refusal(const policy::Decision& decision, std::string_view sqlstate);

// A FATAL ErrorResponse: the connection ends behind it.
std::string encode_fatal(std::string_view sqlstate, std::string_view message,
                         std::string_view hint = {});

// Why something is refused: "5021 bytes of a message are more than limits.statement_bytes_max
// allows (4096)".
std::string over_limit(std::uint64_t seen, std::string_view of_what, std::string_view limit,
                       std::uint64_t allowed);

// For what was refused before it could be judged (too long, unreadable): unknown, and so the worst.
Judged unjudged();

// The statement that stands in records for a FunctionCall, which has no text of its own.
std::string function_call_text(std::uint32_t function, std::size_t values);

// The text as records may hold it.
std::string redact_text(std::string_view text, const sql::Reading& reading,
                        const sql::SecretPlaces& places);

}  // namespace chaperone::session
