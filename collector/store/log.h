#pragma once
// The collector's truth: an append-only run of files, each a 16-byte header and then frames
// (audit/frame.h), whose payload begins with a tag. Everything else (index.h) is made from it and
// can be made again.
//
//   'R' record     writer id (16) | received, ns since 1970 (i64 le) | the record's canonical bytes
//   'E' enrolment  length of the token's name (u8) | name | received (i64 le) | the document
//   'L' alarm      JSON
//   'A' access     JSON: who read what of the trail
//   'T' torn       file (u64 le) | offset (u64 le): from there to that file's end lies a write that
//                  was never finished; first in the file that was begun for it
//
// Nothing in it is ever overwritten: a torn tail stays where it is and a new file is begun. Any
// other entry that is not sound is damage: told, and passed over (log_scan.h).

#include <compare>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "audit/crypto.h"
#include "collector/files.h"
#include "proto-parsers/base/bytes.h"
#include "proto-parsers/base/result.h"

namespace chaperone::collector {

inline constexpr std::string_view kLogMagic = "chaperone-log 1\n";

struct LogPosition {
  std::uint64_t file = 1;
  std::uint64_t offset = kLogMagic.size();
  auto operator<=>(const LogPosition&) const = default;
};

enum class LogTag : std::uint8_t {
  kRecord = 'R',
  kEnrolment = 'E',
  kAlarm = 'L',
  kAccess = 'A',
  kTorn = 'T'
};
bool is_log_tag(std::uint8_t byte);

// The views point into the payload that was parsed.
struct LogEntry {
  LogTag tag = LogTag::kRecord;
  audit::Id writer{};            // records
  std::int64_t received_ns = 0;  // records and enrolments
  std::string_view token;        // enrolments
  Bytes body;                    // the record, the document, the JSON
  LogPosition torn_at;           // torn
};
// None for a payload of another version or shape.
std::optional<LogEntry> parse_log_entry(Bytes payload);

// Appends one frame to `out`.
void append_log_record(std::string& out, const audit::Id& writer, std::int64_t received_ns,
                       Bytes record);
void append_log_enrolment(std::string& out, std::string_view token, std::int64_t received_ns,
                          Bytes document);
void append_log_json(std::string& out, LogTag tag, std::string_view json);
void append_log_torn(std::string& out, LogPosition at);

// Bytes that were stored and are no entries any more.
struct LogDamage {
  LogPosition at;
  std::uint64_t bytes = 0;  // 0: the whole file is missing
};

// Called for each sound entry in order: where it is, where the next one would be, its payload.
using LogVisitor = std::function<Result<void>(LogPosition at, LogPosition next, Bytes payload)>;

// One thread appends; others may read through LogReader what is behind end().
class Log {
 public:
  static Result<std::unique_ptr<Log>> open(const std::string& dir, std::uint64_t file_bytes);

  // Visits everything from `from` on, then makes the log ready to append behind it. Call it once,
  // first. A torn tail is passed over; its bytes are added to torn_bytes(). Damage is passed over
  // too; it is in damages().
  Result<void> replay(LogPosition from, const LogVisitor& visit);

  // Visits what lies behind `from`; changes nothing. For an index that fell behind.
  Result<void> visit(LogPosition from, const LogVisitor& visit) const;

  // Writes frames as one run and returns where the first begins. With `sync` they are on the disk
  // when it returns. After a failed write the log is as before; after a failed sync it is broken
  // for good, because what the disk lost once it would lose silently the next time.
  Result<LogPosition> append(std::string_view frames, bool sync);

  // Reads one file, up to `end` if that lies in it. Empty if it is not there (any more). May run
  // while another thread appends behind `end`.
  Result<std::vector<LogDamage>> check(std::uint64_t number, LogPosition end) const;

  LogPosition end() const { return end_; }
  bool broken() const { return broken_; }
  std::uint64_t torn_bytes() const { return torn_bytes_; }
  const std::vector<LogDamage>& damages() const { return damages_; }
  std::uint64_t bytes() const;                     // of all files
  std::vector<std::uint64_t> files() const;        // numbers, ascending
  Result<void> remove_file(std::uint64_t number);  // REQUIRES: number < end().file

 private:
  Log(std::string dir, std::uint64_t file_bytes) : dir_(std::move(dir)), file_bytes_(file_bytes) {}
  struct Visit {
    LogPosition at;                // behind the last entry visited
    bool clean = false;            // and nothing follows it
    std::uint64_t tail_bytes = 0;  // what does, in this file
    std::uint64_t torn_bytes = 0;
    std::vector<LogDamage> damages{};
  };
  Result<Visit> visit_all(LogPosition from, const LogVisitor& visit) const;
  Result<void> visit_file(Visit& state, const LogVisitor& visit) const;
  Result<void> visit_content(Visit& state, std::string_view content, const LogVisitor& visit) const;
  void settle_tail(Visit& state) const;
  bool known_as_torn(LogPosition at) const;
  Result<void> begin_file(std::uint64_t number, std::string_view frames = {});
  std::string dir_;
  std::uint64_t file_bytes_;
  File file_;
  LogPosition end_;
  bool broken_ = false;
  std::uint64_t torn_bytes_ = 0;
  std::vector<LogDamage> damages_;
};

// How the error of a read begins that finds damage.
inline constexpr std::string_view kDamagedText = "the store is damaged";

// Reads single payloads back, checksum verified; keeps the last file open. Not thread-safe.
class LogReader {
 public:
  explicit LogReader(std::string dir) : dir_(std::move(dir)) {}
  // `bytes` is the frame's size, head included. The error begins with kDamagedText.
  Result<std::string> read(LogPosition at, std::size_t bytes);

 private:
  std::string dir_;
  File file_;
  std::uint64_t number_ = 0;
};

std::string log_path(const std::string& dir, std::uint64_t number);

}  // namespace chaperone::collector
