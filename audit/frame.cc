#include "audit/frame.h"

#include "proto-parsers/base/check.h"

namespace chaperone::audit {
namespace {

std::uint32_t load_u32(const std::uint8_t* p) {
  return p[0] | std::uint32_t{p[1]} << 8 | std::uint32_t{p[2]} << 16 | std::uint32_t{p[3]} << 24;
}

void store_u32(std::uint8_t* p, std::uint32_t value) {
  for (int i = 0; i < 4; ++i) p[i] = static_cast<std::uint8_t>(value >> (8 * i));
}

}  // namespace

void write_frame_head(Bytes record, std::uint8_t* out) {
  CHECK(record.size() <= kFrameBytesMax);
  store_u32(out, static_cast<std::uint32_t>(record.size()));
  store_u32(out + 4, crc32c(record, crc32c({out, 4})));
}

void append_frame(std::string& out, Bytes record) {
  std::uint8_t head[kFrameHeadBytes];
  write_frame_head(record, head);
  out.append(as_text(head));
  out.append(as_text(record));
}

std::optional<Bytes> FrameReader::next() {
  if (fault_ || offset_ == bytes_.size()) return std::nullopt;
  Bytes rest = bytes_.subspan(offset_);
  if (rest.size() < kFrameHeadBytes) {
    fault_ = "cut inside a frame's head";
    return std::nullopt;
  }
  std::uint32_t size = load_u32(rest.data());
  if (size == 0 || size > kFrameBytesMax) {
    fault_ = "impossible frame length";
    return std::nullopt;
  }
  if (rest.size() - kFrameHeadBytes < size) {
    fault_ = "cut inside a frame";
    return std::nullopt;
  }
  Bytes record = rest.subspan(kFrameHeadBytes, size);
  if (load_u32(rest.data() + 4) != crc32c(record, crc32c(rest.first(4)))) {
    fault_ = "checksum does not match";
    return std::nullopt;
  }
  offset_ += kFrameHeadBytes + size;
  return record;
}

}  // namespace chaperone::audit
