#pragma once
// The offline verifier: is every record of an export genuine, unaltered, in order, and none missing
// between two checkpoints? Needs the collector's public key and nothing else.

#include <cstdint>
#include <string>
#include <vector>

#include "audit/checkpoint.h"
#include "audit/crypto.h"
#include "proto-parsers/base/bytes.h"

namespace chaperone::audit {

// What is wrong, and with which record. `sequence` 0: not with a record.
struct Break {
  Id writer{};
  std::uint64_t sequence = 0;
  std::uint64_t offset = 0;  // of its frame in the export
  std::string why;           // for people: names the record and the rule
};

// One writer's run of records.
struct Section {
  Id writer{};
  std::vector<Enrolment> enrolments;  // those that the collector signed
  std::uint64_t first_sequence = 0, last_sequence = 0;
  std::int64_t first_ns = 0, last_ns = 0;  // what those two say of the time
  std::uint64_t records = 0;
  std::uint64_t proven = 0;         // covered by a valid checkpoint and an unbroken chain up to it
  std::uint64_t checkpoints = 0;    // valid ones
  std::uint64_t key_changes = 0;    // valid ones
  std::uint64_t unsigned_tail = 0;  // after the last checkpoint: chained, not yet signed
  std::uint64_t declared_lost = 0;  // records that the writer itself says are missing
  std::uint64_t declared_refused = 0;  // records that found no room (audit/record.h, Loss)
};

struct VerifyReport {
  std::vector<Section> sections;
  std::vector<Break> breaks;  // in order; the first kBreaksMax
  std::uint64_t break_count = 0;
  std::uint64_t records = 0, proven = 0, unsigned_tail = 0;
  // Nothing is missing *within* each section; what was before its first record or came after its
  // last the file cannot know. Everything is proven but for the unsigned tail, which anyone could
  // have written: show its size.
  bool whole() const { return break_count == 0 && records > 0; }
};
inline constexpr std::size_t kBreaksMax = 100;
// Writers of one export: more pods than a fleet has in half a year. A hostile file gets no more.
inline constexpr std::size_t kSectionsMax = 200'000;

VerifyReport verify_export(Bytes file, const PublicKey& collector);

}  // namespace chaperone::audit
