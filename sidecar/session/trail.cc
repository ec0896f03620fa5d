#include "sidecar/session/trail.h"

#include <algorithm>
#include <ctime>
#include <optional>
#include <string>
#include <vector>

#include "proto-parsers/sql/redact.h"

namespace chaperone::session {
namespace {

std::int64_t read_clock(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

}  // namespace

std::int64_t wall_now_ns() { return read_clock(CLOCK_REALTIME); }
std::uint64_t mono_now_ns() { return static_cast<std::uint64_t>(read_clock(CLOCK_BOOTTIME)); }

namespace {

// How long a difference between the two clocks is good for: a wall clock that is set again shows in
// the records this much later.
constexpr std::uint64_t kWallKeptNs = 10'000'000;

// Kept of each session's last text; a longer one is looked through again.
constexpr std::size_t kPlainTextBytesMax = 256;

// The wall clock's time at a time of the other clock: one clock is read for a record, not two.
std::int64_t wall_at(std::uint64_t mono_ns) {
  thread_local std::int64_t difference = 0;
  thread_local std::uint64_t as_of = 0;
  if (as_of == 0 || mono_ns - as_of > kWallKeptNs) {  // a time before `as_of` wraps: read again
    difference = wall_now_ns() - static_cast<std::int64_t>(mono_now_ns());
    as_of = mono_ns;
  }
  return static_cast<std::int64_t>(mono_ns) + difference;
}

// Scratch parts of a thread: a record is encoded and copied into the spool before the next begins,
// so sessions need not each hold their own.
audit::EncodedPart& scratch(int which) {
  thread_local audit::EncodedPart parts[3];
  return parts[which];
}

}  // namespace

// Where no place of the shape is a secret's, the answer hangs on the text and its reading alone.
std::optional<std::string> Trail::redact(std::string_view text, const sql::Reading& reading,
                                         const sql::SecretPlaces& places) {
  if (places.in_text()) return sql::redact(text, reading, places);
  if (text == plain_text_ && reading == plain_reading_) return std::nullopt;
  std::optional<std::string> redacted = sql::redact(text, reading, places);
  if (!redacted && text.size() <= kPlainTextBytesMax) {
    plain_text_ = text;
    plain_reading_ = reading;
  }
  return redacted;
}

const audit::EncodedPart& Trail::asked_part(const Judged& judged, const sql::Reading& reading,
                                            std::string_view text,
                                            std::span<const Parameter> parameters) {
  thread_local std::vector<audit::AskedParameter> asked_parameters;
  asked_parameters.clear();
  // Where secrets stand is the shape's; what shows by its own form is this text's and these values'.
  const sql::SecretPlaces& places = judged.analysis.secrets;
  bool named = !places.keyed.empty() &&
               std::any_of(parameters.begin(), parameters.end(), [](const Parameter& parameter) {
                 return sql::value_names_secret(parameter.value);
               });
  for (const Parameter& parameter : parameters) {
    bool secret =
        sql::is_secret(asked_parameters.size() + 1, parameter.value, named, reading, places);
    asked_parameters.push_back({parameter, secret});
  }
  std::optional<std::string> redacted = redact(text, reading, places);
  audit::Asked asked;
  asked.text = redacted ? std::string_view(*redacted) : text;
  asked.parameters = asked_parameters;
  asked.redacted = redacted.has_value();
  audit::encode(asked, scratch(0));
  return scratch(0);
}

audit::RecordHead Trail::head(audit::RecordKind kind) const {
  return head(kind, 0, mono_now_ns());
}

audit::RecordHead Trail::head(audit::RecordKind kind, std::uint64_t operation,
                              std::uint64_t mono_ns) const {
  audit::RecordHead head;
  head.kind = kind;
  head.wall_ns = wall_at(mono_ns);
  head.mono_ns = mono_ns;
  head.session = session_;
  head.operation = operation;
  return head;
}

Result<spool::Position> Trail::open(const policy::Decision& decision,
                                    const policy::Policy& policy) {
  encode_ruling(decision, policy, scratch(1));
  return spool_.append(head(audit::RecordKind::kSessionOpen), {&who_, &where_, &scratch(1)});
}

Result<spool::Position> Trail::denied(const policy::Decision& decision,
                                      const policy::Policy& policy, const audit::Event& event) {
  encode_ruling(decision, policy, scratch(1));
  audit::encode(event, scratch(2));
  return spool_.append(head(audit::RecordKind::kConnectDenied),
                       {&who_, &where_, &scratch(1), &scratch(2)});
}

Result<spool::Position> Trail::login(const audit::Outcome& outcome, const audit::Event& event) {
  audit::encode(outcome, scratch(1));
  audit::encode(event, scratch(2));
  return spool_.append(head(audit::RecordKind::kLogin), {&who_, &where_, &scratch(1), &scratch(2)});
}

Result<spool::Position> Trail::close(audit::RecordKind kind, const audit::Outcome& outcome,
                                     const audit::Event& event) {
  audit::encode(outcome, scratch(1));
  audit::encode(event, scratch(2));
  return spool_.append(head(kind), {&who_, &where_, &scratch(1), &scratch(2)});
}

Result<spool::Position> Trail::command(std::uint64_t operation, const Judged& judged,
                                       const policy::Decision& decision,
                                       const sql::Reading& reading, std::string_view text,
                                       std::span<const Parameter> parameters,
                                       std::uint64_t mono_ns) {
  const audit::EncodedPart& asked = asked_part(judged, reading, text, parameters);
  const audit::EncodedPart* ruling = &judged.ruling_part;
  if (judged.prepared.open) {
    encode_ruling(decision, *judged.policy, scratch(1));
    ruling = &scratch(1);
  }
  return spool_.append(head(audit::RecordKind::kCommand, operation, mono_ns),
                       {&who_, &where_, &judged.meaning_part, ruling, &asked});
}

Result<spool::Position> Trail::command(std::uint64_t operation, const audit::EncodedPart& meaning,
                                       const audit::EncodedPart& ruling,
                                       std::string_view redacted_text) {
  audit::Asked asked;
  asked.text = redacted_text;
  audit::encode(asked, scratch(0));
  return spool_.append(head(audit::RecordKind::kCommand, operation, mono_now_ns()),
                       {&who_, &where_, &meaning, &ruling, &scratch(0)});
}

Result<spool::Position> Trail::outcome(std::uint64_t operation, const audit::Outcome& outcome,
                                       std::uint64_t mono_ns) {
  audit::encode(outcome, scratch(0));
  return spool_.append(head(audit::RecordKind::kOutcome, operation, mono_ns), {&who_, &scratch(0)});
}

}  // namespace chaperone::session
