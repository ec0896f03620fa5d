#include "proto-parsers/postgres/ledger.h"

#include <algorithm>
#include <bit>

#include "proto-parsers/base/check.h"

namespace chaperone::pg {

namespace {

// A client that does not pipeline has at most five (Parse, Bind, Describe, Execute, Sync).
constexpr std::size_t kFirstCapacity = 8;
static_assert(std::has_single_bit(kFirstCapacity) && std::has_single_bit(kPipelineDepthMax));

}  // namespace

void Ledger::sent(const LedgerEntry& entry) {
  CHECK(!full());
  if (count_ == capacity_) grow();
  const bool swallowed = copy() == CopyState::kIn && entry.sent == Sent::kSync;
  if (entry.sent == Sent::kSync && !swallowed) skipping_ = false;
  Slot& slot = at(count_++);
  slot = Slot{.entry = entry};
  if (swallowed || skipping_) finish(slot, Outcome::kSkipped);
}

void Ledger::grow() {
  const std::size_t capacity = std::min(std::max(2 * capacity_, kFirstCapacity), kPipelineDepthMax);
  auto slots = std::make_unique<Slot[]>(capacity);
  for (std::size_t i = 0; i < count_; ++i) slots[i] = at(i);
  slots_ = std::move(slots);
  capacity_ = capacity;
  head_ = 0;
}

void Ledger::finish(Slot& slot, Outcome outcome) {
  slot.outcome = outcome;
  while (owed_ < count_ && at(owed_).outcome != Outcome::kPending) ++owed_;
}

const Finished* Ledger::pop_finished() {
  if (owed_ == 0) return nullptr;
  const Slot& slot = at(0);
  popped_ = {slot.entry, slot.outcome};
  head_ = (head_ + 1) & (capacity_ - 1);
  --count_;
  --owed_;
  return &popped_;
}

Answer Ledger::reply(const BackendMessage& message) {
  if (is_asynchronous(message.type) || ends_server(message)) return {.fate = Fate::kAsync};
  const Answer answer = advance(message.type);
  if (answer.fate == Fate::kReady) status_ = message.status;
  return answer;
}

Answer Ledger::stream(BackendType type) { return advance(type); }

// A server that shuts down says so to whoever is connected, asked or not.
bool Ledger::ends_server(const BackendMessage& message) const {
  if (message.type != BackendType::kErrorResponse || !idle()) return false;
  const std::string_view severity = message.fields.severity();
  return severity == "FATAL" || severity == "PANIC";
}

Answer Ledger::advance(BackendType type) {
  if (idle()) return {};
  Slot& slot = at(owed_);
  const LedgerEntry& entry = slot.entry;
  const Transition* step = transition(entry.sent, slot.phase, type);
  if (!step) return {};
  const bool error = step->fate == Fate::kError;
  if (entry.refused && !error && !slot.failed) return {};
  if (step->next == Phase::kCopyIn && !swallow_syncs()) return {};

  const Answer answer{step->fate, &entry, slot.statements};
  slot.phase = step->next;
  if (error) slot.failed = true;
  if (step->fate == Fate::kStatement) ++slot.statements;
  if (step->fate == Fate::kReady) {
    finish(slot, slot.failed ? Outcome::kFailed : Outcome::kDone);
  } else if (is_extended(entry.sent) && step->fate != Fate::kPart) {
    const bool suspended = type == BackendType::kPortalSuspended;
    const Outcome good = suspended ? Outcome::kSuspended : Outcome::kDone;
    finish(slot, error ? Outcome::kFailed : good);
    if (error) skip_to_sync();
  }
  return answer;
}

void Ledger::skip_to_sync() {
  skipping_ = true;
  while (!idle()) {
    Slot& slot = at(owed_);
    if (slot.entry.sent == Sent::kSync) {
      skipping_ = false;
      return;
    }
    finish(slot, Outcome::kSkipped);
  }
}

// What was sent behind a COPY FROM STDIN before it began. False where the server will end the
// connection over it.
bool Ledger::swallow_syncs() {
  for (std::size_t i = owed_ + 1; i < count_; ++i) {
    if (at(i).outcome != Outcome::kPending) continue;
    if (at(i).entry.sent != Sent::kSync) return false;
    at(i).outcome = Outcome::kSkipped;
  }
  return true;
}

void Ledger::copy_ended() {
  if (copy() == CopyState::kIn) at(owed_).phase = Phase::kCopyInDone;
}

CopyState Ledger::copy() const {
  if (idle()) return CopyState::kNone;
  switch (at(owed_).phase) {
    case Phase::kCopyIn:
      return CopyState::kIn;
    case Phase::kCopyOut:
      return CopyState::kOut;
    case Phase::kCopyBoth:
      return CopyState::kBoth;
    default:
      return CopyState::kNone;
  }
}

}  // namespace chaperone::pg
