#pragma once
// A segment: one file of the spool (and of the collector's store). All integers little-endian.
//
//   page 0 (4096 bytes): the header at 0 and again at 2048, so that one torn sector costs nothing
//   from 4096: entry := marker u64 | frame (frame.h) | zeros up to a multiple of 8
//   then zeros to the end of the file (preallocated)
//
// The marker is random and differs per segment: a damaged file is searched for it, and no text that
// an agent can put into a record passes for an entry.

#include <cstdint>
#include <optional>
#include <string>

#include "audit/crypto.h"
#include "audit/frame.h"
#include "proto-parsers/base/bytes.h"
#include "proto-parsers/base/result.h"

namespace chaperone::audit {

inline constexpr std::size_t kSegmentHeaderBytes = 4096;
inline constexpr std::size_t kEntryHeadBytes = 8 + kFrameHeadBytes;

struct SegmentHeader {
  Id writer{};
  std::uint64_t number = 0;          // counts from 1 within the writer
  std::uint64_t first_sequence = 0;  // of the first record to come
  Hash previous{};                   // hash of the record before it
  std::uint64_t marker = 0;
  std::int64_t wall_ns = 0;  // when it was begun
  Id boot{};                 // of the kernel that began it
};
void write_segment_header(const SegmentHeader& header, std::uint8_t* page);  // kSegmentHeaderBytes
std::optional<SegmentHeader> read_segment_header(Bytes file);

inline constexpr std::size_t entry_bytes(std::size_t record_bytes) {
  return (kEntryHeadBytes + record_bytes + 7) / 8 * 8;
}

enum class SegmentStep : std::uint8_t {
  kRecord,  // record() and offset()
  kDamage,  // damage(): bytes that are no entry; reading goes on behind them
  kEnd,
};

struct Damage {
  std::uint64_t offset = 0, bytes = 0;
  const char* why = "";  // a constant
};

// Reads the entries of a file held in memory or mapped.
//   kWhole   looks behind damage for the next marker: for recovery and repair
//   kLive    ends at the first entry that is not whole: the tail of a file still being written
class SegmentReader {
 public:
  enum class Mode : std::uint8_t { kWhole, kLive };
  SegmentReader(Bytes file, std::uint64_t marker, Mode mode,
                std::size_t offset = kSegmentHeaderBytes);

  SegmentStep next();
  Bytes record() const { return record_; }         // valid as long as the file's bytes
  std::uint64_t offset() const { return entry_; }  // of the entry
  std::uint64_t end() const { return offset_; }    // where the next entry would be
  const Damage& damage() const { return damage_; }
  // The last damage has nothing sound behind it: a torn tail, or the loss of one.
  bool tail_damaged() const { return tail_damaged_; }

 private:
  bool entry_at(std::size_t offset);
  SegmentStep search();
  Bytes file_;
  std::uint64_t marker_;
  Mode mode_;
  std::size_t offset_, entry_ = 0;
  Bytes record_;
  Damage damage_;
  bool tail_damaged_ = false;
};

// The marker of a segment whose header is lost: that of the first entry if it is sound.
std::optional<std::uint64_t> marker_of_first_entry(Bytes file);

}  // namespace chaperone::audit
