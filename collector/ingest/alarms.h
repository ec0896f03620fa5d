#pragma once
// What must come to a person's eyes: kept in the log, counted, and with the bytes that caused it
// beside the store where there are any.

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <tuple>

#include "audit/crypto.h"
#include "collector/store/store.h"

namespace chaperone::collector {

// Order and words are the API's: append, never rename.
enum class AlarmKind : std::uint8_t {
  kGap,           // records are missing between two that came; the writer no longer has them
  kFork,          // two different records with one sequence: a copied key, or a rewritten spool
  kDamaged,       // a batch with bad checksums or encodings
  kBrokenChain,   // records of one batch that do not follow each other
  kSignature,     // a checkpoint that no enrolled key signed
  kImpostor,      // a token that speaks for a writer of another token, or without its key
  kIdentity,      // records that name another pod than their token vouches for
  kClock,         // records dated in the future
  kSilent,        // a writer that stopped sending without having stopped in order
  kStoreDamaged,  // the collector's own files
};
inline constexpr int kAlarmKinds = static_cast<int>(AlarmKind::kStoreDamaged) + 1;
const char* name_of(AlarmKind kind);

class Alarms {
 public:
  Alarms(Store& store, std::string evidence_dir);

  // Durable when it returns. The same alarm (kind, writer, sequence) within a minute is only
  // counted. `evidence` is kept as a file as long as there is room.
  void raise(AlarmKind kind, const audit::Id& writer, std::uint64_t sequence,
             const std::string& detail, std::string_view evidence = {});
  std::uint64_t count(AlarmKind kind) const;  // since the start, repeated ones included

 private:
  using Key = std::tuple<AlarmKind, audit::Id, std::uint64_t>;
  bool worth_keeping(Key& key, std::int64_t now_ns);
  std::string keep_evidence(AlarmKind kind, const audit::Id& writer, std::uint64_t sequence,
                            std::string_view evidence);

  Store& store_;
  std::string evidence_dir_;
  mutable std::mutex mutex_;
  std::uint64_t evidence_bytes_ = 0;
  std::map<Key, std::int64_t> recent_;
  std::map<audit::Id, std::uint64_t> per_writer_;
  std::uint64_t counts_[kAlarmKinds] = {};
};

}  // namespace chaperone::collector
