#include "audit/segment.h"

#include <algorithm>
#include <cstring>

namespace chaperone::audit {
namespace {

constexpr std::string_view kMagic = "chaperone-seg 1\n";
constexpr std::size_t kCopyOffset = kSegmentHeaderBytes / 2;
// magic 16 | writer 16 | number 8 | first sequence 8 | previous 32 | marker 8 | wall 8 | boot 16 |
// crc 4
constexpr std::size_t kCrcOffset = 112;

void store_u64(std::uint8_t* p, std::uint64_t value) {
  for (int i = 0; i < 8; ++i) p[i] = static_cast<std::uint8_t>(value >> (8 * i));
}
std::uint64_t load_u64(const std::uint8_t* p) {
  std::uint64_t value = 0;
  for (int i = 7; i >= 0; --i) value = value << 8 | p[i];
  return value;
}

std::optional<SegmentHeader> header_at(Bytes bytes) {
  const std::uint8_t* p = bytes.data();
  std::uint64_t crc = crc32c(bytes.first(kCrcOffset));
  if (as_text(bytes.first(16)) != kMagic || load_u64(p + kCrcOffset) != crc) return std::nullopt;
  SegmentHeader header;
  std::memcpy(header.writer.data(), p + 16, 16);
  header.number = load_u64(p + 32);
  header.first_sequence = load_u64(p + 40);
  std::memcpy(header.previous.data(), p + 48, 32);
  header.marker = load_u64(p + 80);
  header.wall_ns = static_cast<std::int64_t>(load_u64(p + 88));
  std::memcpy(header.boot.data(), p + 96, 16);
  return header;
}

bool all_zero(Bytes bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; });
}

}  // namespace

void write_segment_header(const SegmentHeader& header, std::uint8_t* page) {
  std::memset(page, 0, kSegmentHeaderBytes);
  std::memcpy(page, kMagic.data(), kMagic.size());
  std::memcpy(page + 16, header.writer.data(), 16);
  store_u64(page + 32, header.number);
  store_u64(page + 40, header.first_sequence);
  std::memcpy(page + 48, header.previous.data(), 32);
  store_u64(page + 80, header.marker);
  store_u64(page + 88, static_cast<std::uint64_t>(header.wall_ns));
  std::memcpy(page + 96, header.boot.data(), 16);
  store_u64(page + kCrcOffset, crc32c({page, kCrcOffset}));
  std::memcpy(page + kCopyOffset, page, kCrcOffset + 8);
}

std::optional<SegmentHeader> read_segment_header(Bytes file) {
  if (file.size() < kSegmentHeaderBytes) return std::nullopt;
  auto header = header_at(file);
  return header ? header : header_at(file.subspan(kCopyOffset));
}

std::optional<std::uint64_t> marker_of_first_entry(Bytes file) {
  if (file.size() < kSegmentHeaderBytes + kEntryHeadBytes) return std::nullopt;
  Bytes entry = file.subspan(kSegmentHeaderBytes);
  if (!FrameReader(entry.subspan(8)).next()) return std::nullopt;
  return load_u64(entry.data());
}

SegmentReader::SegmentReader(Bytes file, std::uint64_t marker, Mode mode, std::size_t offset)
    : file_(file), marker_(marker), mode_(mode), offset_(offset) {}

bool SegmentReader::entry_at(std::size_t offset) {
  if (offset > file_.size() || file_.size() - offset < kEntryHeadBytes) return false;
  if (load_u64(file_.data() + offset) != marker_) return false;
  auto record = FrameReader(file_.subspan(offset + 8)).next();
  if (record) record_ = *record;
  return record.has_value();
}

SegmentStep SegmentReader::next() {
  if (entry_at(offset_)) {
    entry_ = offset_;
    offset_ = std::min(offset_ + entry_bytes(record_.size()), file_.size());
    return SegmentStep::kRecord;
  }
  if (mode_ == Mode::kLive || offset_ >= file_.size()) return SegmentStep::kEnd;
  return search();
}

// Entries begin at multiples of 8, so only those are looked at.
SegmentStep SegmentReader::search() {
  std::size_t found = offset_ + 8;
  while (found + kEntryHeadBytes <= file_.size() && !entry_at(found)) found += 8;
  bool more = found + kEntryHeadBytes <= file_.size();
  Bytes skipped = file_.subspan(offset_, (more ? found : file_.size()) - offset_);
  if (!more && all_zero(skipped)) return SegmentStep::kEnd;
  auto last = std::find_if(skipped.rbegin(), skipped.rend(), [](std::uint8_t b) { return b != 0; });
  std::size_t bytes = more ? skipped.size() : static_cast<std::size_t>(skipped.rend() - last);
  damage_ = {offset_, bytes,
             more ? "unreadable between two sound entries" : "unreadable up to the end"};
  tail_damaged_ = !more;
  offset_ = more ? found : file_.size();
  return SegmentStep::kDamage;
}

}  // namespace chaperone::audit
