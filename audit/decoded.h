#pragma once
// A record as its readers see it, and the strict decoder: exactly one encoding is valid for one
// content, so equal records have equal bytes, and what is shown is what was hashed and signed.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "audit/json_writer.h"
#include "audit/record.h"
#include "proto-parsers/base/result.h"

namespace chaperone::audit {

struct DecodedObject {
  ObjectKind kind = ObjectKind::kOther;
  std::string_view name;
  EffectSet effects;
};
struct DecodedColumn {
  std::string_view table, name;
  EffectSet effects;
};
struct DecodedStatement {
  std::string_view verb;
  EffectSet effects;
  std::vector<DecodedObject> objects;
  std::vector<DecodedColumn> columns;
  std::vector<std::string_view> functions;
  RowBound row_bound = RowBound::kNotApplicable;
  std::optional<std::uint64_t> limit;
  std::string_view unknown_because;
};
struct DecodedParameter {
  std::uint32_t type = 0;
  bool binary = false, null = false, redacted = false;
  Bytes value;                   // the first kParameterBytesMax bytes
  std::uint64_t full_bytes = 0;  // set when `value` was cut
  Bytes full_sha256;             // 32 bytes or none
};

// All views point into the bytes that were decoded.
struct DecodedRecord {
  RecordKind kind = RecordKind::kCommand;
  std::uint64_t sequence = 0;
  Hash previous{};
  std::int64_t wall_ns = 0;
  std::uint64_t mono_ns = 0;
  Id session{};
  std::uint64_t operation = 0;
  // who
  std::string_view pod, pod_namespace, service_account, node, principal;
  std::vector<std::pair<std::string_view, std::string_view>> labels;  // sorted by key
  std::vector<std::string_view> groups;
  std::optional<std::uint64_t> container_uid;
  // where
  std::string_view resource, target_name, target_address, client_address, upstream_role,
      upstream_database, client_user, client_database, application_name, client_tls, upstream_tls;
  std::optional<Protocol> protocol;
  // what it means
  std::optional<std::uint64_t> shape;
  EffectSet effects;
  Risk risk = Risk::kNone;
  std::vector<DecodedStatement> statements;
  // the ruling
  std::optional<Verdict> verdict, would_be;  // would_be only where a rule was observed
  std::string_view rule, reason, policy_digest, policy_revision;
  std::optional<Durability> durability;
  // what was asked
  std::string_view text;
  bool text_redacted = false;
  std::uint64_t text_full_bytes = 0;  // set when `text` was cut
  Bytes text_full_sha256;
  std::vector<DecodedParameter> parameters;
  std::uint64_t parameters_omitted = 0;
  // what came of it
  std::optional<OutcomeStatus> status;
  std::optional<std::uint64_t> rows, bytes_to_client, bytes_from_client, duration_ns, added_ns;
  std::string_view sqlstate, error_class;
  // events and the writer's own
  std::string_view event, detail;
  std::optional<Id> writer;
  std::optional<PublicKey> key, next_key;
  std::string_view build;
  std::optional<Hash> enrolment;
  std::optional<Id> boot;
  bool unclean = false;
  std::uint64_t damage_bytes = 0, lost_first = 0, lost_last = 0, refused = 0;
  std::uint64_t sessions = 0, spool_bytes = 0, spool_bytes_max = 0, unacknowledged = 0;
  std::optional<Signature> signature;
};

// The error names the field and the rule that was broken.
Result<DecodedRecord> decode_record(Bytes record);

// Only the head, at the cost of a few loads: for scans over many records. The rest of the record
// is not looked at.
struct PeekedHead {
  RecordKind kind = RecordKind::kCommand;
  std::uint64_t sequence = 0;
  Hash previous{};
  std::int64_t wall_ns = 0;
  std::uint64_t mono_ns = 0;
  Id session{};
  std::uint64_t operation = 0;
};
std::optional<PeekedHead> peek_head(Bytes record);

// One JSON object on one line; names as in FORMAT.md, absent fields left out, bytes as base64,
// hashes and ids as hex, times as RFC 3339 with nanoseconds and as numbers. Text that is not UTF-8
// is given as {"base64": ...}.
std::string to_json(const DecodedRecord& record);  // json_writer.h has its pieces

}  // namespace chaperone::audit
