#include "collector/store/log_scan.h"

#include <algorithm>
#include <optional>

#include "audit/frame.h"
#include "collector/store/log.h"

namespace chaperone::collector {

namespace {
// The entry that begins with the rest's first byte, if it is whole and sound; `next` is behind it.
std::optional<Bytes> entry_at(Bytes file, std::uint64_t offset, std::uint64_t& next) {
  if (offset >= file.size()) return {};
  audit::FrameReader reader(file.subspan(offset));
  auto payload = reader.next();
  if (!payload) return {};
  next = offset + reader.offset();
  return payload;
}

std::uint64_t claimed_end(Bytes file, std::uint64_t offset) {
  if (file.size() - offset < audit::kFrameHeadBytes) return file.size();
  std::uint64_t size = 0;
  for (std::size_t i = 0; i < 4; ++i) size |= std::uint64_t{file[offset + i]} << (8 * i);
  return size > audit::kFrameBytesMax ? file.size() : offset + audit::kFrameHeadBytes + size;
}

bool goes_on(Bytes file, std::uint64_t offset, std::uint64_t until) {
  while (offset < file.size() && offset <= until) {
    if (!entry_at(file, offset, offset)) return false;
  }
  return true;
}

// Most places are told by the byte that would be the tag, long before a checksum is computed.
bool may_begin(Bytes file, std::uint64_t offset) {
  return is_log_tag(file[offset + audit::kFrameHeadBytes]) && file[offset + 3] == 0;
}
static_assert(audit::kFrameBytesMax < 1u << 24, "may_begin() takes a length's last byte for 0");

// Where the next sound entry behind a bad one begins; the file's size if there is none.
std::uint64_t next_sound(Bytes file, std::uint64_t bad) {
  std::uint64_t place = claimed_end(file, bad), next = 0;
  if (entry_at(file, place, next)) return place;
  std::uint64_t until = bad + audit::kFrameHeadBytes + audit::kFrameBytesMax;
  for (place = bad + 1; place + audit::kFrameHeadBytes < file.size(); ++place) {
    if (!may_begin(file, place)) continue;
    auto payload = entry_at(file, place, next);
    if (payload && parse_log_entry(*payload) && goes_on(file, next, until)) return place;
  }
  return file.size();
}
}  // namespace

Result<LogScan> scan_log(Bytes file, std::uint64_t from, const ScanVisitor& visit) {
  LogScan scan{from, 0, {}};
  while (scan.end < file.size()) {
    std::uint64_t next = 0;
    auto payload = entry_at(file, scan.end, next);
    if (!payload) {
      std::uint64_t sound = next_sound(file, scan.end);
      if (sound == file.size()) break;
      scan.damages.push_back({scan.end, sound - scan.end});
      scan.end = sound;
      continue;
    }
    if (auto visited = visit(scan.end, next, *payload); !visited) return visited.error();
    scan.end = next;
  }
  scan.tail_bytes = file.size() - std::min<std::uint64_t>(scan.end, file.size());
  return scan;
}

}  // namespace chaperone::collector
