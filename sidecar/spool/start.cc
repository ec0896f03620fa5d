// What a start has to tell: itself, the holes that recovery found, the outcomes that a crash hid.

#include "sidecar/spool/state.h"

namespace chaperone::spool {

using audit::RecordKind;

audit::RecordHead Spool::State::start_head(RecordKind kind) const {
  audit::RecordHead head;
  head.kind = kind;
  head.wall_ns = options.wall_ns;
  head.mono_ns = options.mono_ns;
  return head;
}

// `start_told` counts what is in the spool, so that a start interrupted by a full spool goes on
// there.
Result<void> Spool::State::tell_start() {
  std::size_t all = 1 + found.holes.size() + found.unknown.size();
  if (telling || start_told == all) return {};
  telling = true;
  Result<Position> last = Position{};
  for (; start_told < all && last.ok(); start_told += last.ok() ? 1 : 0) {
    audit::EncodedPart part;
    if (start_told == 0) {
      encode(facts(), part);
      last = append(start_head(RecordKind::kWriterStart), {&who, &part});
    } else if (start_told <= found.holes.size()) {
      const Hole& hole = found.holes[start_told - 1];
      encode(audit::Loss{hole.first_sequence, hole.last_sequence, hole.bytes, 0}, part);
      last = append(start_head(RecordKind::kLoss), {&who, &part});
    } else {
      const auto& [session, operation] = found.unknown[start_told - 1 - found.holes.size()];
      audit::RecordHead head = start_head(RecordKind::kOutcome);
      head.session = session;
      head.operation = operation;
      audit::Outcome outcome;
      outcome.status = audit::OutcomeStatus::kUnknown;
      outcome.error_class = "sidecar_restarted";
      encode(outcome, part);
      last = append(head, {&who, &part});
    }
  }
  telling = false;
  if (!last) return last.error();
  return {};
}

}  // namespace chaperone::spool
