#pragma once
// Records one behind the other, each with its length and checksum: what the sidecar ships and what
// an export holds. All integers little-endian.
//
//   frame := length u32 | crc32c u32 over (length, record) | record

#include <cstdint>
#include <optional>
#include <string>

#include "audit/limits.h"
#include "proto-parsers/base/bytes.h"

namespace chaperone::audit {

inline constexpr std::size_t kFrameHeadBytes = 8;
// A record, or a record behind the few bytes by which an export or the collector's store says what
// it is and whose.
inline constexpr std::size_t kFrameBytesMax = kRecordBytesMax + 64;

// CRC-32C (Castagnoli, as in RFC 3720), by the processor's instruction where it has one.
std::uint32_t crc32c(Bytes bytes, std::uint32_t seed = 0);
// The same without the instruction; for the test that compares the two.
std::uint32_t crc32c_portable(Bytes bytes, std::uint32_t seed = 0);

void append_frame(std::string& out, Bytes record);
// Writes the eight bytes that go before `record`.
void write_frame_head(Bytes record, std::uint8_t* out);

// Reads frames from the front of bytes; stops for good at the first that is not whole and sound.
class FrameReader {
 public:
  explicit FrameReader(Bytes bytes) : bytes_(bytes) {}
  // The next record, valid as long as the bytes; none at the end or at the first fault.
  std::optional<Bytes> next();
  // After next() gave none: null at a clean end, else why not (a constant).
  const char* fault() const { return fault_; }
  std::size_t offset() const { return offset_; }  // of the next frame, or of the faulty one

 private:
  Bytes bytes_;
  std::size_t offset_ = 0;
  const char* fault_ = nullptr;
};

}  // namespace chaperone::audit
