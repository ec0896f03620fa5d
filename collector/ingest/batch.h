#pragma once
// What must hold of a batch by itself, before anything is known about its writer's chain: whole
// frames, canonical records, each following the one before it, checkpoints signed by enrolled keys.
// Pure: no I/O, no clock.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "audit/crypto.h"
#include "audit/record.h"
#include "proto-parsers/base/bytes.h"

namespace chaperone::collector {

enum class BatchFault : std::uint8_t {
  kNone,
  kEmpty,
  kDamaged,       // a frame's length or checksum
  kNotCanonical,  // not the one valid encoding of a record
  kBroken,        // two records of the batch do not follow each other
  kSignature,     // a checkpoint that no enrolled key of the writer signed
};
const char* name_of(BatchFault fault);

struct BatchRecord {
  Bytes bytes;  // into the batch
  std::uint64_t sequence = 0;
  audit::Hash hash{};
};

struct Batch {
  std::vector<BatchRecord> records;
  audit::Hash previous{};  // that the first record names
  std::optional<audit::RecordKind> last_kind;  // checkpoints apart; none: nothing else came
  std::size_t signer = 0;  // the one that signs behind the batch
  // The first record that says something its writer is not vouched for, or that lies in the future.
  std::uint64_t identity_sequence = 0, clock_sequence = 0;
  std::string identity_detail;

  BatchFault fault = BatchFault::kNone;
  std::uint64_t fault_sequence = 0;
  std::string why;
};

struct BatchContext {
  audit::Id writer{};
  std::vector<audit::PublicKey> keys;  // all that the writer ever enrolled
  std::size_t signer = 0;              // of `keys`: the one that signs behind `stored`
  std::uint64_t stored = 0;            // up to here the batch repeats, and is compared by hash
  std::map<std::string, std::string> claims;  // what the writer's token vouches for
  std::int64_t future_ns = 0;                 // later than this is the future
};

// The views in the answer point into `frames`.
Batch check_batch(Bytes frames, const BatchContext& context);

}  // namespace chaperone::collector
