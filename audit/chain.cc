#include "audit/chain.h"

#include "audit/decoded.h"

namespace chaperone::audit {

const char* why(LinkFault fault) {
  switch (fault) {
    case LinkFault::kNone:
      return "follows";
    case LinkFault::kDamaged:
      return "is not a record";
    case LinkFault::kGap:
      return "comes after a gap: records are missing";
    case LinkFault::kBackward:
      return "was passed already: out of order or twice";
    case LinkFault::kHash:
      return "follows another record than the one before it";
  }
  return "";
}

LinkFault follow(const ChainPoint& before, Bytes record, ChainPoint& after) {
  auto head = peek_head(record);
  if (!head) return LinkFault::kDamaged;
  after = {head->sequence, sha256(record)};
  if (head->sequence <= before.sequence) return LinkFault::kBackward;
  if (head->sequence > before.sequence + 1) return LinkFault::kGap;
  return head->previous == before.hash ? LinkFault::kNone : LinkFault::kHash;
}

}  // namespace chaperone::audit
