#pragma once
// The records of one session. What is constant for the session is encoded once; a command's record
// is in the spool when command() returns, or it returns an error and the command must not leave.

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "audit/record.h"
#include "proto-parsers/core/command.h"
#include "sidecar/policy/policy.h"
#include "sidecar/session/judge.h"
#include "sidecar/spool/spool.h"

namespace chaperone::session {

std::int64_t wall_now_ns();
std::uint64_t mono_now_ns();

class Trail {
 public:
  explicit Trail(spool::Spool& spool) : spool_(spool), session_(audit::random_id()) {}

  const audit::Id& session() const { return session_; }
  void set_who(const audit::Who& who) { audit::encode(who, who_); }
  void set_where(const audit::Where& where) { audit::encode(where, where_); }
  bool has_where() const { return !where_.empty(); }

  // Records that are about the session as a whole.
  Result<spool::Position> open(const policy::Decision& decision, const policy::Policy& policy);
  Result<spool::Position> denied(const policy::Decision& decision, const policy::Policy& policy,
                                 const audit::Event& event);
  Result<spool::Position> login(const audit::Outcome& outcome, const audit::Event& event);
  Result<spool::Position> close(audit::RecordKind kind, const audit::Outcome& outcome,
                                const audit::Event& event);

  // A command, before it leaves. `text` is as sent: secrets are taken out here. `mono_ns` is when:
  // a clock that was just read is not read again.
  Result<spool::Position> command(std::uint64_t operation, const Judged& judged,
                                  const policy::Decision& decision, const sql::Reading& reading,
                                  std::string_view text, std::span<const Parameter> parameters,
                                  std::uint64_t mono_ns);
  // A command that has no shape of its own (a cancel, a prepare): its meaning is given.
  Result<spool::Position> command(std::uint64_t operation, const audit::EncodedPart& meaning,
                                  const audit::EncodedPart& ruling, std::string_view redacted_text);
  Result<spool::Position> outcome(std::uint64_t operation, const audit::Outcome& outcome,
                                  std::uint64_t mono_ns);

 private:
  audit::RecordHead head(audit::RecordKind kind) const;
  audit::RecordHead head(audit::RecordKind kind, std::uint64_t operation,
                         std::uint64_t mono_ns) const;

  const audit::EncodedPart& asked_part(const Judged& judged, const sql::Reading& reading,
                                       std::string_view text,
                                       std::span<const Parameter> parameters);
  std::optional<std::string> redact(std::string_view text, const sql::Reading& reading,
                                    const sql::SecretPlaces& places);

  spool::Spool& spool_;
  audit::Id session_;
  audit::EncodedPart who_, where_;
  // The last text that showed no secret: most sessions say the same again and again.
  std::string plain_text_;
  sql::Reading plain_reading_;
};

}  // namespace chaperone::session
