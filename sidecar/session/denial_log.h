#pragma once
// The last refusals of a loop, for `explain`: enough to see why an agent stands still.

#include <cstdint>
#include <deque>
#include <string>

namespace chaperone::session {

struct Denial {
  std::int64_t wall_ns = 0;
  std::string session, resource, target, rule, reason, verb;
};

class DenialLog {
 public:
  void add(Denial denial) {
    if (denials_.size() == kKept) denials_.pop_front();
    denials_.push_back(std::move(denial));
  }
  const std::deque<Denial>& all() const { return denials_; }

 private:
  static constexpr std::size_t kKept = 100;
  std::deque<Denial> denials_;
};

}  // namespace chaperone::session
