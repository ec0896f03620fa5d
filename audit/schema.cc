#include "audit/schema.h"

#include <array>

namespace chaperone::audit {
namespace {

template <auto Member, auto Max>
EnumPlace enum_place() {
  using Enum = std::remove_cv_t<decltype(Max)>;
  return {[](const DecodedRecord& r) -> std::optional<std::uint64_t> {
            if (!(r.*Member)) return std::nullopt;
            return static_cast<std::uint64_t>(*(r.*Member));
          },
          [](DecodedRecord& r, std::uint64_t value) { r.*Member = static_cast<Enum>(value); },
          static_cast<std::uint64_t>(Max),
          [](std::uint64_t value) { return name_of(static_cast<Enum>(value)); }};
}

// Risk has no "not said": none is zero and left out.
EnumPlace risk_place() {
  return {[](const DecodedRecord& r) -> std::optional<std::uint64_t> {
            if (r.risk == Risk::kNone) return std::nullopt;
            return static_cast<std::uint64_t>(r.risk);
          },
          [](DecodedRecord& r, std::uint64_t value) { r.risk = static_cast<Risk>(value); },
          static_cast<std::uint64_t>(Risk::kCritical),
          [](std::uint64_t value) { return name_of(static_cast<Risk>(value)); }};
}

using R = DecodedRecord;

const std::array kRows = {
    Row{field::kPod, "pod", &R::pod},
    Row{field::kPodNamespace, "namespace", &R::pod_namespace},
    Row{field::kServiceAccount, "service_account", &R::service_account},
    Row{field::kNode, "node", &R::node},
    Row{field::kPrincipal, "principal", &R::principal},
    Row{field::kContainerUid, "container_uid", &R::container_uid},
    Row{field::kResource, "resource", &R::resource},
    Row{field::kProtocol, "protocol", enum_place<&R::protocol, Protocol::kDns>()},
    Row{field::kTargetName, "target_name", &R::target_name},
    Row{field::kTargetAddress, "target_address", &R::target_address},
    Row{field::kClientAddress, "client_address", &R::client_address},
    Row{field::kUpstreamRole, "upstream_role", &R::upstream_role},
    Row{field::kUpstreamDatabase, "upstream_database", &R::upstream_database},
    Row{field::kClientUser, "client_user", &R::client_user},
    Row{field::kClientDatabase, "client_database", &R::client_database},
    Row{field::kApplicationName, "application_name", &R::application_name},
    Row{field::kClientTls, "client_tls", &R::client_tls},
    Row{field::kUpstreamTls, "upstream_tls", &R::upstream_tls},
    Row{field::kEffects, "effects", &R::effects},
    Row{field::kRisk, "risk", risk_place()},
    Row{field::kVerdict, "verdict", enum_place<&R::verdict, Verdict::kDeny>()},
    Row{field::kWouldBe, "would_be", enum_place<&R::would_be, Verdict::kDeny>()},
    Row{field::kRule, "rule", &R::rule},
    Row{field::kReason, "reason", &R::reason},
    Row{field::kDurability, "durability", enum_place<&R::durability, Durability::kCollector>()},
    Row{field::kPolicyDigest, "policy_digest", &R::policy_digest},
    Row{field::kPolicyRevision, "policy_revision", &R::policy_revision},
    Row{field::kText, "text", &R::text},
    Row{field::kTextRedacted, "text_redacted", &R::text_redacted},
    Row{field::kTextFullBytes, "text_full_bytes", &R::text_full_bytes},
    Row{field::kTextFullSha256, "text_full_sha256", &R::text_full_sha256},
    Row{field::kParametersOmitted, "parameters_omitted", &R::parameters_omitted},
    Row{field::kStatus, "status", enum_place<&R::status, OutcomeStatus::kUnknown>()},
    Row{field::kRows, "rows", &R::rows},
    Row{field::kBytesToClient, "bytes_to_client", &R::bytes_to_client},
    Row{field::kBytesFromClient, "bytes_from_client", &R::bytes_from_client},
    Row{field::kSqlstate, "sqlstate", &R::sqlstate},
    Row{field::kErrorClass, "error_class", &R::error_class},
    Row{field::kDurationNs, "duration_ns", &R::duration_ns},
    Row{field::kAddedNs, "added_ns", &R::added_ns},
    Row{field::kEvent, "event", &R::event},
    Row{field::kDetail, "detail", &R::detail},
    Row{field::kWriter, "writer", &R::writer},
    Row{field::kKey, "key", &R::key},
    Row{field::kBuild, "build", &R::build},
    Row{field::kEnrolment, "enrolment", &R::enrolment},
    Row{field::kBoot, "boot", &R::boot},
    Row{field::kUnclean, "unclean", &R::unclean},
    Row{field::kDamageBytes, "damage_bytes", &R::damage_bytes},
    Row{field::kLostFirst, "lost_first", &R::lost_first},
    Row{field::kLostLast, "lost_last", &R::lost_last},
    Row{field::kRefused, "refused", &R::refused},
    Row{field::kSessions, "sessions", &R::sessions},
    Row{field::kSpoolBytes, "spool_bytes", &R::spool_bytes},
    Row{field::kSpoolBytesMax, "spool_bytes_max", &R::spool_bytes_max},
    Row{field::kUnacknowledged, "unacknowledged", &R::unacknowledged},
    Row{field::kNextKey, "next_key", &R::next_key},
    Row{field::kSignature, "signature", &R::signature},
};

}  // namespace

std::span<const Row> record_rows() { return kRows; }

const Row* row_of(std::uint32_t number) {
  static const auto index = [] {
    std::array<const Row*, 128> rows{};
    for (const Row& row : kRows) rows[row.number] = &row;
    return rows;
  }();
  return number < index.size() ? index[number] : nullptr;
}

}  // namespace chaperone::audit
