#pragma once
// Commands that went to their target and have no outcome yet, as far as the records read show.

#include <cstdint>
#include <unordered_map>
#include <utility>
#include <vector>

#include "audit/decoded.h"

namespace chaperone::spool {

class Pending {
 public:
  // `record` is looked at again by settle().
  void see(const audit::PeekedHead& head, Bytes record);
  // Forgets the commands that were not allowed: they never left and wait for nothing. Called before
  // the records seen so far go away; most commands have met their outcome by then, unread.
  void settle();
  // In the order in which the commands came.
  std::vector<std::pair<audit::Id, std::uint64_t>> take() const;

 private:
  struct Key {
    audit::Id session;
    std::uint64_t operation;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const;
  };
  struct Command {
    std::uint64_t sequence;
    Bytes unsettled;
  };
  std::unordered_map<Key, Command, KeyHash> commands_;
  std::vector<Key> fresh_;  // seen since the last settle()
};

}  // namespace chaperone::spool
