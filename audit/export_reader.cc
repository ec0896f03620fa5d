#include "audit/export_reader.h"

#include <algorithm>

namespace chaperone::audit {
namespace {

std::uint64_t claimed_length(Bytes rest) {
  return rest[0] | std::uint64_t{rest[1]} << 8 | std::uint64_t{rest[2]} << 16 |
         std::uint64_t{rest[3]} << 24;
}

bool is_tag(std::uint8_t byte) {
  return byte == 'H' || byte == 'E' || byte == 'S' || byte == 'R' || byte == 'Z';
}

}  // namespace

bool ExportReader::frame_at(std::size_t offset, Bytes& payload) {
  Bytes rest = file_.subspan(offset);
  if (rest.size() <= kFrameHeadBytes || !is_tag(rest[kFrameHeadBytes])) return false;
  std::uint64_t length = claimed_length(rest);
  if (length > kFrameBytesMax || length > rest.size() - kFrameHeadBytes) return false;
  if (length > search_budget_) return false;
  search_budget_ -= length;
  auto found = FrameReader(rest).next();
  if (found) payload = *found;
  return found.has_value();
}

// The length may still be right: then the frame behind is sound, or the file ends there.
ExportStep ExportReader::damaged(const char* fault) {
  fault_ = fault;
  Bytes rest = file_.subspan(offset_), ignored;
  std::size_t behind = file_.size();
  body_ = {};
  if (rest.size() > kFrameHeadBytes) {
    std::uint64_t length = claimed_length(rest);
    behind = std::min<std::uint64_t>(offset_ + kFrameHeadBytes + length, file_.size());
    bool fits = length > 0 && length <= rest.size() - kFrameHeadBytes;
    if (fits && (behind == file_.size() || frame_at(behind, ignored))) {
      tag_ = static_cast<ExportTag>(rest[kFrameHeadBytes]);
      body_ = rest.subspan(kFrameHeadBytes + 1, length - 1);
      offset_ = behind;
      return ExportStep::kDamaged;
    }
  }
  const std::size_t begin = offset_;
  while (++offset_ < file_.size() && search_budget_ > 0 && offset_ - begin < kGarbageBytesMax &&
         !frame_at(offset_, ignored))
    --search_budget_;
  if (search_budget_ == 0 || offset_ - begin >= kGarbageBytesMax) offset_ = file_.size();
  return ExportStep::kDamaged;
}

ExportStep ExportReader::next() {
  frame_ = offset_;
  if (offset_ >= file_.size()) return ExportStep::kEnd;
  FrameReader reader(file_.subspan(offset_));
  auto payload = reader.next();
  if (!payload) return damaged(reader.fault());
  tag_ = static_cast<ExportTag>((*payload)[0]);
  body_ = payload->subspan(1);
  offset_ += reader.offset();
  return ExportStep::kFrame;
}

}  // namespace chaperone::audit
