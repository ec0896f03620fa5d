#pragma once
// What a folder holds at start: its segments, where the chain stands, what is damaged, and which
// commands were sent whose outcome was never recorded.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "audit/chain.h"
#include "audit/crypto.h"
#include "proto-parsers/base/result.h"
#include "sidecar/spool/disk.h"
#include "sidecar/spool/spool.h"

namespace chaperone::spool {

struct Segment {
  std::uint64_t number = 0;
  std::uint64_t bytes = 0;           // of the file
  std::uint64_t first_sequence = 0;  // of its first record, or of the one to come
  std::uint64_t last_sequence = 0;   // first_sequence - 1: none yet
  std::uint64_t marker = 0;
};

// A place where records are missing or unreadable.
struct Hole {
  std::uint64_t first_sequence = 0, last_sequence = 0;  // 0: not known
  std::uint64_t bytes = 0;
};

struct Found {
  Recovery recovery;
  audit::Id writer{};             // zero: nothing was there
  std::vector<Segment> segments;  // ascending
  std::uint64_t last_number = 0;
  audit::ChainPoint chain;
  std::optional<audit::PublicKey> announced;  // the key that the last change of key named
  std::vector<Hole> holes;
  std::vector<std::pair<audit::Id, std::uint64_t>> unknown;  // session, operation
};

// Reads every segment. Removes leftovers that never held a record, and gives the room behind the
// last record back.
Result<Found> recover(const std::string& dir, Disk& disk);

}  // namespace chaperone::spool
