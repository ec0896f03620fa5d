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
  void see(const audit::PeekedHead& head, Bytes record);
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
  std::unordered_map<Key, std::uint64_t, KeyHash> commands_;  // to the record's sequence
};

}  // namespace chaperone::spool
