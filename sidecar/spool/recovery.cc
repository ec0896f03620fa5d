#include "sidecar/spool/recovery.h"

#include <algorithm>

#include "audit/decoded.h"
#include "audit/segment.h"
#include "sidecar/spool/files.h"
#include "sidecar/spool/limits.h"
#include "sidecar/spool/pending.h"

namespace chaperone::spool {
namespace {

using audit::SegmentReader;
using audit::SegmentStep;

class Recoverer {
 public:
  Recoverer(const std::string& dir, Disk& disk) : dir_(dir), disk_(disk) {}
  Result<Found> run();

 private:
  Result<void> read_segment(std::uint64_t number);
  std::optional<audit::SegmentHeader> header_of(Bytes file);
  void on_header(const audit::SegmentHeader& header, Segment& segment);
  void read_entries(Bytes file, bool same_boot, Segment& segment);
  bool on_record(Bytes record, Segment& segment);
  bool on_damage(const SegmentReader& reader, Bytes file, bool same_boot);
  void on_sequence(std::uint64_t sequence);
  void give_back(Segment& segment, std::uint64_t end);

  const std::string& dir_;
  Disk& disk_;
  Found found_;
  Pending pending_;
  std::vector<std::uint8_t> buffer_;
  audit::RecordKind last_kind_ = audit::RecordKind::kWriterStop;
  audit::Id last_boot_{};
  std::uint64_t damage_before_ = 0;  // bytes of damage since the last sound record
};

// Without its header a segment still says where its entries are: the first begins at a known place.
std::optional<audit::SegmentHeader> Recoverer::header_of(Bytes file) {
  if (auto header = audit::read_segment_header(file)) return header;
  auto marker = audit::marker_of_first_entry(file);
  if (!marker || *marker == 0) return std::nullopt;
  found_.recovery.damage_bytes += audit::kSegmentHeaderBytes;
  audit::SegmentHeader header;
  header.writer = found_.writer;
  header.marker = *marker;
  header.first_sequence = found_.chain.sequence + 1;
  return header;
}

// A sequence that jumps says how many are missing.
void Recoverer::on_sequence(std::uint64_t sequence) {
  bool known = found_.chain.sequence != 0;
  std::uint64_t expected = found_.chain.sequence + 1;
  if (known && sequence > expected) {
    found_.holes.push_back({expected, sequence - 1, damage_before_});
    found_.recovery.lost_records += sequence - expected;
  } else if (damage_before_ > 0) {
    found_.holes.push_back({0, 0, damage_before_});
  }
  damage_before_ = 0;
}

// False for what is sound by checksum and still no record, as a later version may write: damage
// here.
bool Recoverer::on_record(Bytes record, Segment& segment) {
  auto head = audit::peek_head(record);
  if (!head) {
    damage_before_ += record.size();
    found_.recovery.damage_bytes += record.size();
    return false;
  }
  on_sequence(head->sequence);
  segment.last_sequence = head->sequence;
  found_.chain.sequence = head->sequence;
  ++found_.recovery.records;
  if (head->kind != audit::RecordKind::kCheckpoint) last_kind_ = head->kind;
  if (head->kind == audit::RecordKind::kKeyChange) {
    if (auto change = audit::decode_record(record)) found_.announced = change->next_key;
  }
  pending_.see(*head, record);
  return true;
}

// An append that never returned has no marker yet (SegmentFile::commit); pages that a power cut
// kept from the disk look the same, so after another boot it counts as damage.
bool Recoverer::on_damage(const SegmentReader& reader, Bytes file, bool same_boot) {
  const audit::Damage& damage = reader.damage();
  Bytes start = file.subspan(damage.offset).first(std::min<std::size_t>(8, damage.bytes));
  bool unmarked = std::all_of(start.begin(), start.end(), [](std::uint8_t b) { return b == 0; });
  if (reader.tail_damaged() && unmarked && same_boot) {
    found_.recovery.torn_bytes += damage.bytes;
    return false;
  }
  damage_before_ += damage.bytes;
  found_.recovery.damage_bytes += damage.bytes;
  return true;
}

// The room behind the last record would otherwise stay taken until the collector has it all.
void Recoverer::give_back(Segment& segment, std::uint64_t end) {
  if (end >= segment.bytes || disk_.truncate(segment_path(dir_, segment.number), end) != 0) return;
  segment.bytes = end;
}

// The header says where the chain stood; where the segments before it end earlier, they lost
// records.
void Recoverer::on_header(const audit::SegmentHeader& header, Segment& segment) {
  if (found_.writer == audit::Id{}) found_.writer = header.writer;
  last_boot_ = header.boot;
  segment.marker = header.marker;
  segment.first_sequence = header.first_sequence;
  segment.last_sequence = header.first_sequence - 1;
  if (found_.chain.sequence + 1 < header.first_sequence) {
    if (!found_.segments.empty()) on_sequence(header.first_sequence);
    found_.chain = {header.first_sequence - 1, header.previous};
  }
}

void Recoverer::read_entries(Bytes file, bool same_boot, Segment& segment) {
  SegmentReader reader(file, segment.marker, SegmentReader::Mode::kWhole);
  Bytes last_sound;
  std::uint64_t end = audit::kSegmentHeaderBytes;
  for (SegmentStep step = reader.next(); step != SegmentStep::kEnd; step = reader.next()) {
    if (step == SegmentStep::kDamage) {
      if (on_damage(reader, file, same_boot)) end = reader.damage().offset + reader.damage().bytes;
      continue;
    }
    if (on_record(reader.record(), segment)) last_sound = reader.record();
    end = reader.end();
  }
  pending_.settle();
  if (!last_sound.empty()) found_.chain.hash = audit::sha256(last_sound);
  give_back(segment, end);
}

Result<void> Recoverer::read_segment(std::uint64_t number) {
  auto size = read_into(segment_path(dir_, number), buffer_, kSegmentBytesMax);
  if (!size) return size.error();
  Bytes file = Bytes(buffer_).first(*size);
  Segment segment;
  segment.number = number;
  segment.bytes = file.size();
  if (auto header = header_of(file)) {
    on_header(*header, segment);
    read_entries(file, header->boot == boot_id(), segment);
  } else if (std::all_of(file.begin(), file.end(), [](std::uint8_t byte) { return byte == 0; })) {
    (void)disk_.remove(segment_path(dir_, number));  // made, never begun
    return {};
  } else {
    damage_before_ += file.size();
    found_.recovery.damage_bytes += file.size();
    segment.first_sequence = found_.chain.sequence + 1;
    segment.last_sequence = found_.chain.sequence;
  }
  found_.segments.push_back(segment);
  return {};
}

Result<Found> Recoverer::run() {
  (void)disk_.remove(spare_path(dir_));
  auto numbers = segment_numbers(dir_);
  if (!numbers) return numbers.error();
  for (std::uint64_t number : *numbers) {
    auto read = read_segment(number);
    if (!read) return read.error();
    found_.last_number = number;
  }
  if (damage_before_ > 0) found_.holes.push_back({0, 0, damage_before_});
  found_.recovery.fresh = found_.segments.empty();
  found_.recovery.unclean = !found_.recovery.fresh && last_kind_ != audit::RecordKind::kWriterStop;
  found_.recovery.rebooted = !found_.recovery.fresh && last_boot_ != boot_id();
  found_.unknown = pending_.take();
  found_.recovery.outcomes_unknown = found_.unknown.size();
  return std::move(found_);
}

}  // namespace

Result<Found> recover(const std::string& dir, Disk& disk) { return Recoverer(dir, disk).run(); }

}  // namespace chaperone::spool
