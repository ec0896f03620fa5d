#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "audit/decoded.h"
#include "audit/segment.h"
#include "sidecar/spool/state.h"

namespace chaperone::spool {
namespace {

// Enough behind what is wanted that an entry which begins inside also ends inside.
constexpr std::size_t kLargestEntryBytes = audit::entry_bytes(audit::kRecordBytesMax);

Result<std::vector<std::uint8_t>> read_range(const std::string& path, std::uint64_t offset,
                                             std::size_t bytes) {
  OwnedFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.open()) return Error{"spool: cannot open " + path + ": " + reason(-errno)};
  std::vector<std::uint8_t> out(bytes);
  std::size_t have = 0;
  while (have < bytes) {
    ssize_t got =
        ::pread(fd.get(), out.data() + have, bytes - have, static_cast<off_t>(offset + have));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Error{"spool: cannot read " + path + ": " + reason(-errno)};
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  out.resize(have);
  return out;
}

void add(Batch& batch, std::uint64_t sequence, Bytes record) {
  if (batch.records++ == 0) batch.first_sequence = sequence;
  batch.last_sequence = sequence;
  audit::append_frame(batch.frames, record);
}

}  // namespace

// The cursor serves the common case, a reader that goes on where it stopped; any other start is
// looked up among the segments.
bool SpoolReader::find(Position after) {
  Spool::State& s = *spool_.state_;
  std::lock_guard lock(s.mutex);
  auto holds = [&](const Segment& segment) { return segment.last_sequence > after.sequence; };
  auto found = std::find_if(s.segments.begin(), s.segments.end(), holds);
  if (found == s.segments.end()) return false;
  bool here = found->number == segment_ && after.sequence == sequence_;
  if (!here) offset_ = audit::kSegmentHeaderBytes;
  segment_ = found->number;
  marker_ = found->marker;
  segment_last_ = found->last_sequence;
  live_ = s.file && found + 1 == s.segments.end();
  return true;
}

Result<Batch> SpoolReader::next(Position after, std::size_t bytes_max) {
  Batch batch;
  std::uint64_t upto = spool_.durable().sequence;
  while (batch.records == 0 && after.sequence < upto && find(after)) {
    sequence_ = after.sequence;
    auto read = read_chunk(after, upto, bytes_max, batch);
    if (!read) return read.error();
    if (batch.records > 0) sequence_ = batch.last_sequence;
    if (*read || batch.records > 0) continue;
    if (live_) break;
    after.sequence = segment_last_;  // what it held has been damaged since the start
  }
  return batch;
}

// False where there is nothing more to find in this segment.
Result<bool> SpoolReader::read_chunk(Position after, std::uint64_t upto, std::size_t bytes_max,
                                     Batch& batch) {
  std::string path = segment_path(spool_.state_->options.dir, segment_);
  std::size_t want = std::max<std::size_t>(bytes_max, audit::kSegmentHeaderBytes);
  auto chunk = read_range(path, offset_, want + kLargestEntryBytes);
  if (!chunk) return chunk.error();
  audit::SegmentReader reader(*chunk, marker_, audit::SegmentReader::Mode::kWhole, 0);
  std::uint64_t base = offset_;
  for (auto step = reader.next(); step != audit::SegmentStep::kEnd; step = reader.next()) {
    if (step == audit::SegmentStep::kDamage) {
      // Behind the live end may be an append under way, behind `want` an entry that the chunk cuts.
      if (live_ && reader.tail_damaged()) return false;
      std::uint64_t least = std::max<std::uint64_t>(want, reader.damage().offset);
      offset_ = base + std::min(reader.end(), least);
      if (batch.records > 0) return true;
      continue;
    }
    auto head = audit::peek_head(reader.record());
    if (!head || head->sequence > upto) return false;
    if (batch.records > 0 && head->sequence != batch.last_sequence + 1) return true;
    if (batch.records > 0 && batch.frames.size() + reader.record().size() > bytes_max) return true;
    if (head->sequence > after.sequence) add(batch, head->sequence, reader.record());
    offset_ = base + reader.end();
    if (reader.end() >= want || head->sequence == upto) return true;
  }
  bool more = chunk->size() == want + kLargestEntryBytes;
  return more && offset_ > base;
}

}  // namespace chaperone::spool
