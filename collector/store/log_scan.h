#pragma once
// One log file's bytes, entry by entry, and on behind damage: a flipped byte costs the entries it
// lies in and no others.
//
// Behind an entry that is not sound the next one begins where its length says. If that is no entry
// either, the length itself is damaged and every place is tried. What a record carries is the
// agent's to choose, entries that it made up included; so a place found by trying counts only if
// sound entries follow from there to the file's end, or for longer than one entry can be.

#include <cstdint>
#include <functional>
#include <vector>

#include "proto-parsers/base/bytes.h"
#include "proto-parsers/base/result.h"

namespace chaperone::collector {

struct LogScan {
  struct Damage {
    std::uint64_t offset = 0, bytes = 0;
  };
  std::uint64_t end = 0;         // behind the last sound entry; `from` if there is none
  std::uint64_t tail_bytes = 0;  // behind `end`: an unfinished write, or damage at the very end
  std::vector<Damage> damages;   // with sound entries behind them
};

// Offsets are of the file.
using ScanVisitor =
    std::function<Result<void>(std::uint64_t offset, std::uint64_t next, Bytes payload)>;

// `from` is where an entry begins. An error is the visitor's.
Result<LogScan> scan_log(Bytes file, std::uint64_t from, const ScanVisitor& visit);

}  // namespace chaperone::collector
