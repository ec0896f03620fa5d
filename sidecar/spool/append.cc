// Appending: the record is built in its place, chained, checksummed, and only then an entry.

#include <algorithm>
#include <cstring>

#include "audit/checkpoint.h"
#include "audit/segment.h"
#include "proto-parsers/base/check.h"
#include "sidecar/spool/state.h"

namespace chaperone::spool {
namespace {

using audit::RecordKind;

// What is refused for want of room, rather than let through unrecorded. Everything else follows
// from something admitted and may use the reserve; but a heartbeat must not eat it up.
bool is_admission(RecordKind kind) {
  return kind == RecordKind::kCommand || kind == RecordKind::kSessionOpen ||
         kind == RecordKind::kLogin || kind == RecordKind::kConnectDenied ||
         kind == RecordKind::kHeartbeat;
}

// Whether a record that found no room is told later: a loss is tried again, and of heartbeats the
// absence speaks.
bool is_missed(RecordKind kind) {
  return kind != RecordKind::kLoss && kind != RecordKind::kHeartbeat;
}

// The size of the record; CHECKs that its fields ascend, because a record that no reader accepts
// would be found only when it is too late.
std::size_t record_bytes(std::size_t head_bytes, Parts parts) {
  std::size_t bytes = head_bytes;
  std::uint32_t last = 0;
  for (const audit::EncodedPart* part : parts) {
    if (part->empty()) continue;
    CHECK(part->first_field() > last);
    last = part->last_field();
    bytes += part->bytes().size();
  }
  return bytes;
}

void write_parts(Parts parts, std::uint8_t* out) {
  for (const audit::EncodedPart* part : parts) {
    if (part->empty()) continue;
    std::memcpy(out, part->bytes().data(), part->bytes().size());
    out += part->bytes().size();
  }
}

}  // namespace

std::uint64_t Spool::State::bytes() const {
  return closed_bytes + (spare.open() ? options.segment_bytes : 0);
}

Error Spool::State::full() const {
  return Error{"spool full: " + std::to_string(closed_bytes) + " of " +
               std::to_string(options.bytes_max) +
               " bytes hold records that the collector has not acknowledged, and the rest is kept for "
               "the ends of what runs; see that the collector can be reached, or raise spool.size_max"};
}

// Near the end of the room a segment is as small as it must be, so that a spool which is full can
// still be opened and shipped however often the sidecar restarts.
std::uint64_t Spool::State::next_segment_bytes() const {
  if (spare.open()) return options.segment_bytes;
  std::uint64_t room = options.bytes_max - std::min(closed_bytes, options.bytes_max);
  return std::min(options.segment_bytes, room / 4096 * 4096);
}

Result<void> Spool::State::begin_segment(std::int64_t wall_ns) {
  std::uint64_t segment_bytes = next_segment_bytes();
  OwnedFd fd = std::move(spare);
  std::string path = segment_path(options.dir, next_number);
  if (fd.open()) {
    int status = disk.rename(spare_path(options.dir), path);
    if (status != 0) return Error{"spool: cannot begin " + path + ": " + reason(status)};
  } else {
    fd = OwnedFd(disk.create(path, segment_bytes));
    if (!fd.open()) return Error{"spool: cannot make " + path + ": " + reason(fd.get())};
  }
  audit::SegmentHeader header{writer,  next_number, chain.sequence + 1, chain.hash, 0,
                              wall_ns, boot};
  while (header.marker == 0) {
    audit::random_bytes(reinterpret_cast<std::uint8_t*>(&header.marker), sizeof header.marker);
  }
  auto begun = SegmentFile::begin(std::move(fd), segment_bytes, mapped, header, disk);
  if (!begun) {
    (void)disk.remove(path);
    return begun.error();
  }
  if (file) unsynced.push_back({segment_path(options.dir, segments.back().number), file->fd()});
  file = std::move(*begun);
  segments.push_back(
      {next_number, segment_bytes, chain.sequence + 1, chain.sequence, header.marker});
  closed_bytes += segment_bytes;
  ++next_number;
  dir_unsynced = true;
  return {};
}

// An admission leaves a whole segment in reserve; what follows from one may use it up.
bool Spool::State::has_room(bool admission, std::size_t record_bytes) const {
  bool begin = !file || !file->fits(record_bytes);
  if (admission) {
    return closed_bytes + options.segment_bytes * (begin ? 2 : 1) <= options.bytes_max;
  }
  std::uint64_t least = audit::kSegmentHeaderBytes + audit::entry_bytes(record_bytes);
  return !begin || next_segment_bytes() >= least;
}

Result<void> Spool::State::make_room(const audit::RecordHead& head, std::size_t record_bytes) {
  bool admission = is_admission(head.kind);
  if (!has_room(admission, record_bytes)) collect();
  if (!has_room(admission, record_bytes)) return full();
  bool begin = !file || !file->fits(record_bytes);
  return begin ? begin_segment(head.wall_ns) : Result<void>();
}

Result<void> Spool::State::usable() {
  if (closed) return Error{"spool: closed"};
  if (!failure.empty()) return Error{failure};
  return tell_start();
}

// What was refused is told before the first record that finds room again.
Result<void> Spool::State::tell_refused(const audit::RecordHead& after) {
  std::uint64_t count = std::exchange(refused_unrecorded, 0);
  audit::RecordHead head;
  head.kind = RecordKind::kLoss;
  head.wall_ns = after.wall_ns;
  head.mono_ns = after.mono_ns;
  audit::EncodedPart part;
  encode(audit::Loss{0, 0, 0, count}, part);
  if (auto told = append(head, {&who, &part}); !told) {
    refused_unrecorded = count;
    return told.error();
  }
  return {};
}

Result<Position> Spool::State::commit(Bytes record) {
  int status = file->commit(record.size());
  if (status != 0) return Error{"spool: cannot write a record: " + reason(status)};
  chain = {chain.sequence + 1, audit::sha256(record)};
  segments.back().last_sequence = chain.sequence;
  appended.store(chain.sequence, std::memory_order_release);
  return Position{chain.sequence};
}

Result<Position> Spool::State::append(const audit::RecordHead& head, Parts parts) {
  std::size_t head_size = audit::head_bytes(head);
  std::size_t size = record_bytes(head_size, parts);
  if (size > audit::kRecordBytesMax) return Error{"spool: a record may not be larger than 1 MiB"};
  bool admission = is_admission(head.kind);
  auto room = usable();
  if (room) room = make_room(head, size);
  if (room && admission && refused_unrecorded > 0) {
    room = tell_refused(head);
    if (room) room = make_room(head, size);
  }
  if (!room) {
    bool counts = is_missed(head.kind) && !telling;
    if (counts) ++refused, ++refused_unrecorded;
    return room.error();
  }
  std::uint8_t* place = file->place(size);
  if (!place) return Error{"spool: cannot map its segment: out of memory"};
  audit::write_head(head, chain.sequence + 1, chain.hash, place);
  write_parts(parts, place + head_size);
  options.wall_ns = head.wall_ns;
  options.mono_ns = head.mono_ns;
  auto position = commit({place, size});
  bool due = chain.sequence - last_checkpoint >= options.checkpoint_records;
  // A checkpoint that does not fit now is made by the next append: the record itself stands.
  if (position && due) (void)checkpoint(head.wall_ns, head.mono_ns);
  return position;
}

Result<Position> Spool::State::checkpoint(std::int64_t wall_ns, std::uint64_t mono_ns) {
  if (auto able = usable(); !able) return able.error();
  audit::RecordHead head;
  head.kind = RecordKind::kCheckpoint;
  head.wall_ns = wall_ns;
  head.mono_ns = mono_ns;
  std::size_t head_size = audit::head_bytes(head);
  std::size_t size = head_size + audit::checkpoint_tail_bytes();
  if (auto room = make_room(head, size); !room) return room.error();
  std::uint8_t* place = file->place(size);
  if (!place) return Error{"spool: cannot map its segment: out of memory"};
  audit::write_head(head, chain.sequence + 1, chain.hash, place);
  audit::write_checkpoint_tail({place, head_size}, writer, *key, place + head_size);
  auto position = commit({place, size});
  if (position) {
    last_checkpoint = position->sequence;
    last_checkpoint_ns = mono_ns;
  }
  return position;
}

}  // namespace chaperone::spool
