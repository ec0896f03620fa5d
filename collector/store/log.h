#pragma once
// The collector's truth: an append-only run of files, each a 16-byte header and then frames
// (audit/frame.h), whose payload begins with a tag. Everything else (index.h) is made from it and
// can be made again.
//
//   'R' record     writer id (16) | received, ns since 1970 (i64 le) | the record's canonical bytes
//   'E' enrolment  length of the token's name (u8) | name | received (i64 le) | the document
//   'L' alarm      JSON
//   'A' access     JSON: who read what of the trail
//
// Nothing in it is ever overwritten: a torn tail stays where it is and a new file is begun.

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

enum class LogTag : std::uint8_t { kRecord = 'R', kEnrolment = 'E', kAlarm = 'L', kAccess = 'A' };

// The views point into the payload that was parsed.
struct LogEntry {
  LogTag tag = LogTag::kRecord;
  audit::Id writer{};            // records
  std::int64_t received_ns = 0;  // records and enrolments
  std::string_view token;        // enrolments
  Bytes body;                    // the record, the document, the JSON
};
// None for a payload of another version or shape.
std::optional<LogEntry> parse_log_entry(Bytes payload);

// Appends one frame to `out`.
void append_log_record(std::string& out, const audit::Id& writer, std::int64_t received_ns,
                       Bytes record);
void append_log_enrolment(std::string& out, std::string_view token, std::int64_t received_ns,
                          Bytes document);
void append_log_json(std::string& out, LogTag tag, std::string_view json);

// Called for each sound entry in order: where it is, where the next one would be, its payload.
using LogVisitor = std::function<Result<void>(LogPosition at, LogPosition next, Bytes payload)>;

// One thread appends; others may read through LogReader what is behind end().
class Log {
 public:
  static Result<std::unique_ptr<Log>> open(const std::string& dir, std::uint64_t file_bytes);

  // Visits everything from `from` on, then makes the log ready to append behind it. Call it once,
  // first. A torn tail is passed over; its bytes are added to torn_bytes().
  Result<void> replay(LogPosition from, const LogVisitor& visit);

  // Visits what lies behind `from`; changes nothing. For an index that fell behind.
  Result<void> visit(LogPosition from, const LogVisitor& visit) const;

  // Writes frames as one run and returns where the first begins. With `sync` they are on the disk
  // when it returns. After a failed write the log is as before; after a failed sync it is broken
  // for good, because what the disk lost once it would lose silently the next time.
  Result<LogPosition> append(std::string_view frames, bool sync);

  LogPosition end() const { return end_; }
  bool broken() const { return broken_; }
  std::uint64_t torn_bytes() const { return torn_bytes_; }
  std::uint64_t bytes() const;                     // of all files
  std::vector<std::uint64_t> files() const;        // numbers, ascending
  Result<void> remove_file(std::uint64_t number);  // REQUIRES: number < end().file

 private:
  Log(std::string dir, std::uint64_t file_bytes) : dir_(std::move(dir)), file_bytes_(file_bytes) {}
  struct Visit {
    LogPosition at;      // behind the last entry visited
    bool clean = false;  // and nothing follows it
    std::uint64_t torn_bytes = 0;
  };
  Result<Visit> visit_all(LogPosition from, const LogVisitor& visit) const;
  Result<void> visit_file(Visit& state, const LogVisitor& visit) const;
  Result<void> begin_file(std::uint64_t number);
  std::string dir_;
  std::uint64_t file_bytes_;
  File file_;
  LogPosition end_;
  bool broken_ = false;
  std::uint64_t torn_bytes_ = 0;
};

// Reads single payloads back, checksum verified; keeps the last file open. Not thread-safe.
class LogReader {
 public:
  explicit LogReader(std::string dir) : dir_(std::move(dir)) {}
  // `bytes` is the frame's size, head included. The error says that the store is damaged there.
  Result<std::string> read(LogPosition at, std::size_t bytes);

 private:
  std::string dir_;
  File file_;
  std::uint64_t number_ = 0;
};

std::string log_path(const std::string& dir, std::uint64_t number);

}  // namespace chaperone::collector
