#include "sidecar/own_records.h"

#include <algorithm>

#include "sidecar/session/trail.h"

namespace chaperone {
namespace {

audit::RecordHead head_of(audit::RecordKind kind) {
  audit::RecordHead head;
  head.kind = kind;
  head.wall_ns = session::wall_now_ns();
  head.mono_ns = session::mono_now_ns();
  return head;
}

}  // namespace

Result<void> record_event(spool::Spool& spool, const Subject& subject,
                          const policy::Policy& policy, audit::RecordKind kind,
                          const audit::Event& event) {
  audit::EncodedPart who, ruling, about;
  audit::encode(audit::Who{&subject, std::nullopt}, who);
  audit::Ruling named;
  named.policy_digest = policy.digest();
  named.policy_revision = policy.revision();
  if (kind == audit::RecordKind::kPolicyChange) audit::encode(named, ruling);
  audit::encode(event, about);
  auto recorded = spool.append(head_of(kind), {&who, &ruling, &about});
  if (!recorded) return recorded.error();
  return {};
}

void record_heartbeat(spool::Spool& spool, const Subject& subject,
                      const std::vector<LoopReport>& loops, const ProcessReport& process) {
  audit::Counts counts;
  for (const LoopReport& loop : loops) counts.sessions += loop.metrics.sessions_open;
  counts.spool_bytes = process.spool.bytes;
  counts.spool_bytes_max = process.spool.bytes_max;
  counts.unacknowledged = process.appended - std::min(process.acknowledged, process.appended);
  audit::EncodedPart who, numbers;
  audit::encode(audit::Who{&subject, std::nullopt}, who);
  audit::encode(counts, numbers);
  (void)spool.append(head_of(audit::RecordKind::kHeartbeat), {&who, &numbers}).ok();
}

}  // namespace chaperone
