#include "sidecar/session/operations.h"

#include <algorithm>

#include "proto-parsers/base/check.h"

namespace chaperone::session {
namespace {

// What has ended is dropped in lots, when it is the greater part: each slot moves a few times at
// most, however long the oldest stays.
constexpr std::size_t kEndedMin = 64;

}  // namespace

void Operations::begin(Operation operation) {
  CHECK(slots_.empty() || operation.number > slots_.back().operation.number);
  slots_.push_back({std::move(operation), false});
  ++open_;
}

std::size_t Operations::index_of(std::uint64_t number) const {
  // One is open at a time where the client does not pipeline.
  if (open_ != 0 && oldest() == number) return first_;
  auto below = [](const Slot& slot, std::uint64_t wanted) { return slot.operation.number < wanted; };
  auto at = std::lower_bound(slots_.begin() + static_cast<std::ptrdiff_t>(first_), slots_.end(),
                             number, below);
  bool found = at != slots_.end() && at->operation.number == number && !at->ended;
  return found ? static_cast<std::size_t>(at - slots_.begin()) : slots_.size();
}

Operation* Operations::find(std::uint64_t number) {
  std::size_t at = index_of(number);
  return at == slots_.size() ? nullptr : &slots_[at].operation;
}

std::optional<Operation> Operations::take(std::uint64_t number) {
  std::size_t at = index_of(number);
  if (at == slots_.size()) return std::nullopt;
  Operation taken = std::move(slots_[at].operation);
  slots_[at].operation.number = taken.number;
  slots_[at].ended = true;
  --open_;
  let_go();
  return taken;
}

void Operations::let_go() {
  while (first_ < slots_.size() && slots_[first_].ended) ++first_;
  if (open_ == 0) {
    slots_.clear();
    first_ = 0;
    // A burst's room is not an idle session's to keep.
    if (slots_.capacity() > kEndedMin) slots_.shrink_to_fit();
    return;
  }
  std::size_t ended = slots_.size() - open_;
  if (ended < kEndedMin || ended < open_) return;
  std::erase_if(slots_, [](const Slot& slot) { return slot.ended; });
  first_ = 0;
}

}  // namespace chaperone::session
