#pragma once
// The last refusals of a loop, and the last of its connections that ended, for `explain`: enough to
// see why an agent stands still, and where it went.

#include <cstdint>
#include <deque>
#include <string>

#include "sidecar/session/session.h"

namespace chaperone::session {

struct Denial {
  std::int64_t wall_ns = 0;
  std::string session, resource, target;
  Ruling ruling;
  std::string reason, verb;
};

struct EndedConnection {
  std::int64_t wall_ns = 0;
  SessionView view;
  std::string word, detail;  // how it ended, as in its record
};

template <class Item>
class LastOnes {
 public:
  void add(Item item) {
    if (items_.size() == kKept) items_.pop_front();
    items_.push_back(std::move(item));
  }
  const std::deque<Item>& all() const { return items_; }

 private:
  static constexpr std::size_t kKept = 100;
  std::deque<Item> items_;
};
using DenialLog = LastOnes<Denial>;
using ConnectionLog = LastOnes<EndedConnection>;

}  // namespace chaperone::session
