#pragma once
// Reads the frames of an export and goes on behind damage, for a verifier that shall name every
// fault and not only the first.

#include <cstdint>

#include "audit/export.h"

namespace chaperone::audit {

enum class ExportStep : std::uint8_t { kFrame, kDamaged, kEnd };

class ExportReader {
 public:
  explicit ExportReader(Bytes file)
      : file_(file), search_budget_(kSearchBytesMin + 8 * std::uint64_t{file.size()}) {}

  ExportStep next();
  // Of kFrame, and of kDamaged where the length still holds: then body() is what was altered.
  ExportTag tag() const { return tag_; }
  Bytes body() const { return body_; }
  std::uint64_t offset() const { return frame_; }
  const char* fault() const { return fault_; }  // of kDamaged

 private:
  // Searching means checksums over claimed lengths; a hostile file gets no more than this in all.
  static constexpr std::uint64_t kSearchBytesMin = 64 << 20;
  // Behind so much that is no frame there is no export any more, however large the file claims to
  // be.
  static constexpr std::size_t kGarbageBytesMax = 64 << 20;

  bool frame_at(std::size_t offset, Bytes& payload);
  ExportStep damaged(const char* fault);

  Bytes file_;
  std::uint64_t search_budget_;
  std::size_t offset_ = 0, frame_ = 0;
  ExportTag tag_ = ExportTag::kHeader;
  Bytes body_;
  const char* fault_ = nullptr;
};

}  // namespace chaperone::audit
