#pragma once
// The chain: every record holds the SHA-256 of the one before, over that one's canonical bytes, and
// sequences count without a gap. It spans restarts, files and keys; it belongs to one writer.

#include <cstdint>
#include <optional>
#include <string>

#include "audit/crypto.h"
#include "proto-parsers/base/bytes.h"

namespace chaperone::audit {

// Where a chain stands: the last record and its hash. {0, zeros} before the first.
struct ChainPoint {
  std::uint64_t sequence = 0;
  Hash hash{};
  bool operator==(const ChainPoint&) const = default;
};

enum class LinkFault : std::uint8_t {
  kNone,
  kDamaged,   // not a record at all
  kGap,       // the sequence jumps ahead: records are missing
  kBackward,  // the sequence was seen before
  kHash,      // the record before is not the one that this one followed
};
const char* why(LinkFault fault);

// Does `record` follow `before`? On kNone `after` is where the chain stands now; on any fault it is
// where the chain would go on from this record (unchanged if kDamaged), so that a reader may report
// and continue.
LinkFault follow(const ChainPoint& before, Bytes record, ChainPoint& after);

}  // namespace chaperone::audit
