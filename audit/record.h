#pragma once
// The audit record as its writer makes it. FORMAT.md is the contract with every reader; decoded.h
// reads it back. A record is a head (sequence, chain, times, session, operation) and parts:
//
//   EncodedPart who, where;           once per session   encode(Who), encode(Where)
//   EncodedPart meaning;              once per shape     encode(Meaning)
//   EncodedPart ruling;               once per decision  encode(Ruling)
//   EncodedPart asked;                per command        encode(Asked)
//   spool.append(head, {&who, &where, &meaning, &ruling, &asked})
//
// Appending copies the parts one behind the other, so what is constant is encoded once. Parts must
// come in the order above (their field numbers ascend); appending checks it.
//
// Secrets are removed before anything here is called: what goes in, stays for years.
// encode() replaces what the part held and keeps its memory. Views need live only for the call.

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "audit/crypto.h"
#include "audit/limits.h"
#include "proto-parsers/base/bytes.h"
#include "proto-parsers/core/command.h"
#include "proto-parsers/core/meaning.h"
#include "proto-parsers/core/subject.h"

namespace chaperone::audit {

inline constexpr std::uint8_t kRecordVersion = 1;

// The numbers are part of the format: append, never renumber.
enum class RecordKind : std::uint8_t {
  kWriterStart = 1,    // the sidecar started: who, WriterFacts
  kWriterStop = 2,     // who; and ended in order
  kEnrolled = 3,       // the collector's enrolment of the key arrived: who, WriterFacts
  kCheckpoint = 4,     // signature over the chain so far (checkpoint.h); written by the spool
  kHeartbeat = 5,      // still alive: who, Counts
  kLoss = 6,           // records known to be missing, or refusals for want of room: who, Loss
  kPolicyChange = 7,   // who, Ruling (policy digest and revision), Event
  kConfigError = 8,    // a configuration was refused: who, Event
  kConnectDenied = 9,  // who, Where, Ruling, Event
  kSessionOpen = 10,   // who, Where, Ruling
  kSessionClose = 11,  // who, Where, Outcome (bytes, duration), Event (why)
  kLogin = 12,         // who, Where, Ruling, Outcome, Event (method or error class)
  kCommand = 13,       // who, Where, Meaning, Ruling, Asked
  kOutcome = 14,       // who, Outcome of the command with the same session and operation
  kOpaqueClose = 15,   // who, Where, Outcome (bytes both ways, duration), Event
  kHoldAsked = 16,     // reserved: a command waits for a person
  kHoldDecided = 17,   // reserved
  kKeyChange = 18,     // the writer's next key, signed by the last (checkpoint.h); by the spool
  kName = 19,          // who, Where (name), Ruling, Outcome (rows: how often), Event (type): a DNS question
};
inline constexpr int kRecordKindMax = 19;
std::string_view name_of(RecordKind kind);  // "writer_start"
std::optional<RecordKind> record_kind_from(std::string_view name);

// As policy::Verdict and policy::Durability, numbered for the format.
enum class Verdict : std::uint8_t { kAllow = 0, kHold = 1, kDeny = 2 };
enum class Durability : std::uint8_t { kProcess = 0, kDisk = 1, kCollector = 2 };
enum class OutcomeStatus : std::uint8_t {
  kOk = 0,
  kError = 1,    // the target refused or failed
  kRefused = 2,  // the policy did; nothing reached the target
  kSkipped = 3,  // never executed (after an error in a pipeline)
  kUnknown = 4,  // a crash or a lost connection hid it
};
std::string_view name_of(Verdict verdict);
std::string_view name_of(Durability durability);
std::string_view name_of(OutcomeStatus status);

// A run of encoded fields, ascending. Reusable.
class EncodedPart {
 public:
  Bytes bytes() const { return bytes_; }
  bool empty() const { return bytes_.empty(); }
  void clear();
  std::uint32_t first_field() const { return first_field_; }  // 0 when empty
  std::uint32_t last_field() const { return last_field_; }

 private:
  friend class FieldWriter;
  std::vector<std::uint8_t> bytes_;
  std::uint32_t first_field_ = 0, last_field_ = 0;
};

// What the writer of the record says; sequence and chain are the spool's.
struct RecordHead {
  RecordKind kind = RecordKind::kCommand;
  std::int64_t wall_ns = 0;     // since 1970, UTC
  std::uint64_t mono_ns = 0;    // CLOCK_BOOTTIME or alike: order and durations within one boot
  Id session{};                 // zero: belongs to no session
  std::uint64_t operation = 0;  // counts from 1 within a session; 0: none
};

struct Who {
  const Subject* subject = nullptr;            // never null
  std::optional<std::uint32_t> container_uid;  // by the owner of the client's socket
};

struct Where {
  std::string_view resource;
  std::optional<Protocol> protocol;
  std::string_view target_name;     // host as the policy or SNI names it
  std::string_view target_address;  // "10.0.0.1:5432", "[fd00::1]:5432": where it really went
  std::string_view client_address;
  std::string_view upstream_role;
  std::string_view upstream_database;
  std::string_view client_user;
  std::string_view client_database;
  std::string_view application_name;
  std::string_view client_tls;  // "TLSv1.3"; empty: none
  std::string_view upstream_tls;
};

struct Ruling {
  std::optional<Verdict> verdict;      // none: only the policy is named
  Verdict would_be = Verdict::kAllow;  // recorded only when `observed`
  bool observed = false;
  std::string_view rule;
  std::string_view reason;
  std::optional<Durability> durability;
  std::string_view policy_digest;  // hex SHA-256
  std::string_view policy_revision;
};

// One value of a command, already redacted: a redacted value has no bytes.
struct AskedParameter {
  Parameter parameter;
  bool redacted = false;
};

struct Asked {
  std::string_view text;  // redacted
  std::span<const AskedParameter> parameters;
  bool redacted = false;  // something was removed from `text`
};

struct Outcome {
  OutcomeStatus status = OutcomeStatus::kOk;
  std::optional<std::uint64_t> rows;
  std::optional<std::uint64_t> bytes_to_client;
  std::optional<std::uint64_t> bytes_from_client;
  std::string_view sqlstate;
  std::string_view error_class;              // our word for it; never the target's message
  std::optional<std::uint64_t> duration_ns;  // from sent to answered
  std::optional<std::uint64_t> added_ns;     // what the sidecar itself added
};

// A word for programs and a sentence for people.
struct Event {
  std::string_view word;  // "idle_timeout", "scram_sha_256", "unknown_field"
  std::string_view detail;
};

struct WriterFacts {
  Id writer{};
  PublicKey key{};
  std::string_view build;
  std::optional<Hash> enrolment;   // SHA-256 of the enrolment document held at that time
  Id boot{};                       // the kernel's boot id; zero unknown
  bool unclean = false;            // the writer before did not stop in order
  std::uint64_t damage_bytes = 0;  // found in the spool at start
};

struct Loss {
  std::uint64_t first_sequence = 0, last_sequence = 0;  // missing, inclusive; 0: not known
  std::uint64_t damage_bytes = 0;
  std::uint64_t refused = 0;  // records that found no room: commands turned away, ends not told
};

struct Counts {
  std::uint64_t sessions = 0;  // open now
  std::uint64_t spool_bytes = 0, spool_bytes_max = 0;
  std::uint64_t unacknowledged = 0;  // records
};

void encode(const Who& who, EncodedPart& out);
void encode(const Where& where, EncodedPart& out);
void encode(const Meaning& meaning, EncodedPart& out);
void encode(const Ruling& ruling, EncodedPart& out);
void encode(const Asked& asked, EncodedPart& out);
void encode(const Outcome& outcome, EncodedPart& out);
void encode(const Event& event, EncodedPart& out);
void encode(const WriterFacts& facts, EncodedPart& out);
void encode(const Loss& loss, EncodedPart& out);
void encode(const Counts& counts, EncodedPart& out);

// The head's encoded size for a record with or without a session: constant, so that a writer knows
// the size of the whole before it writes.
std::size_t head_bytes(const RecordHead& head);
// Writes exactly head_bytes(head) bytes. REQUIRES: sequence >= 1.
void write_head(const RecordHead& head, std::uint64_t sequence, const Hash& previous,
                std::uint8_t* out);

}  // namespace chaperone::audit
