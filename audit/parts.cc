// Encoding of the parts that are made once: who, where, the ruling, and the small ones.

#include <algorithm>

#include "audit/fields.h"
#include "audit/record.h"
#include "audit/text.h"
#include "audit/wire.h"
#include "proto-parsers/base/check.h"

namespace chaperone::audit {
namespace {

void put_labels(const std::map<std::string, std::string>& labels, FieldWriter& writer) {
  std::size_t count = 0;
  std::string_view last;
  for (const auto& [key, value] : labels) {
    std::vector<std::uint8_t> label;
    FieldWriter inner(label);
    inner.name(field::kLabelKey, key);
    inner.name(field::kLabelValue, value);
    // An empty key says nothing, and two long keys may be the same once cut.
    std::string_view cut = cut_utf8(key, kNameBytesMax);
    if (key.empty() || cut == last || ++count > kLabelsMax) continue;
    last = cut;
    writer.bytes(field::kLabel, label);
  }
}

void put_groups(const std::vector<std::string>& groups, FieldWriter& writer) {
  std::size_t count = std::min(groups.size(), kGroupsMax);
  for (std::size_t i = 0; i < count; ++i) writer.name(field::kGroup, groups[i]);
}

template <class Enum>
std::optional<std::uint64_t> as_number(std::optional<Enum> value) {
  if (!value) return std::nullopt;
  return static_cast<std::uint64_t>(*value);
}

void put_id(std::uint32_t number, const Id& id, FieldWriter& writer) {
  if (id != Id{}) writer.bytes(number, id);
}

}  // namespace

void encode(const Who& who, EncodedPart& out) {
  CHECK(who.subject != nullptr);
  FieldWriter writer(out);
  writer.name(field::kPod, who.subject->pod);
  writer.name(field::kPodNamespace, who.subject->pod_namespace);
  writer.name(field::kServiceAccount, who.subject->service_account);
  writer.name(field::kNode, who.subject->node);
  put_labels(who.subject->labels, writer);
  writer.name(field::kPrincipal, who.subject->principal);
  put_groups(who.subject->groups, writer);
  writer.maybe_number(field::kContainerUid, who.container_uid);
}

void encode(const Where& where, EncodedPart& out) {
  FieldWriter writer(out);
  writer.name(field::kResource, where.resource);
  writer.maybe_number(field::kProtocol, as_number(where.protocol));
  writer.name(field::kTargetName, where.target_name);
  writer.name(field::kTargetAddress, where.target_address);
  writer.name(field::kClientAddress, where.client_address);
  writer.name(field::kUpstreamRole, where.upstream_role);
  writer.name(field::kUpstreamDatabase, where.upstream_database);
  writer.name(field::kClientUser, where.client_user);
  writer.name(field::kClientDatabase, where.client_database);
  writer.name(field::kApplicationName, where.application_name);
  writer.name(field::kClientTls, where.client_tls);
  writer.name(field::kUpstreamTls, where.upstream_tls);
}

void encode(const Ruling& ruling, EncodedPart& out) {
  FieldWriter writer(out);
  writer.maybe_number(field::kVerdict, as_number(ruling.verdict));
  if (ruling.observed) writer.number(field::kWouldBe, static_cast<std::uint64_t>(ruling.would_be));
  writer.name(field::kRule, ruling.rule);
  writer.name(field::kReason, ruling.reason);
  writer.maybe_number(field::kDurability, as_number(ruling.durability));
  writer.name(field::kPolicyDigest, ruling.policy_digest);
  writer.name(field::kPolicyRevision, ruling.policy_revision);
}

void encode(const Outcome& outcome, EncodedPart& out) {
  FieldWriter writer(out);
  writer.number(field::kStatus, static_cast<std::uint64_t>(outcome.status));
  writer.maybe_number(field::kRows, outcome.rows);
  writer.maybe_number(field::kBytesToClient, outcome.bytes_to_client);
  writer.maybe_number(field::kBytesFromClient, outcome.bytes_from_client);
  writer.name(field::kSqlstate, outcome.sqlstate);
  writer.name(field::kErrorClass, outcome.error_class);
  writer.maybe_number(field::kDurationNs, outcome.duration_ns);
  writer.maybe_number(field::kAddedNs, outcome.added_ns);
}

void encode(const Event& event, EncodedPart& out) {
  FieldWriter writer(out);
  writer.name(field::kEvent, event.word);
  writer.name(field::kDetail, event.detail);
}

void encode(const WriterFacts& facts, EncodedPart& out) {
  FieldWriter writer(out);
  put_id(field::kWriter, facts.writer, writer);
  if (facts.key != PublicKey{}) writer.bytes(field::kKey, facts.key);
  writer.name(field::kBuild, facts.build);
  if (facts.enrolment) writer.bytes(field::kEnrolment, *facts.enrolment);
  put_id(field::kBoot, facts.boot, writer);
  writer.flag(field::kUnclean, facts.unclean);
  writer.some_number(field::kDamageBytes, facts.damage_bytes);
}

void encode(const Loss& loss, EncodedPart& out) {
  FieldWriter writer(out);
  writer.some_number(field::kDamageBytes, loss.damage_bytes);
  writer.some_number(field::kLostFirst, loss.first_sequence);
  writer.some_number(field::kLostLast, loss.last_sequence);
  writer.some_number(field::kRefused, loss.refused);
}

void encode(const Counts& counts, EncodedPart& out) {
  FieldWriter writer(out);
  writer.some_number(field::kSessions, counts.sessions);
  writer.some_number(field::kSpoolBytes, counts.spool_bytes);
  writer.some_number(field::kSpoolBytesMax, counts.spool_bytes_max);
  writer.some_number(field::kUnacknowledged, counts.unacknowledged);
}

}  // namespace chaperone::audit
