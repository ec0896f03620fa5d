#include "audit/export.h"

#include <array>

namespace chaperone::audit {

void ExportWriter::put(ExportTag tag, Bytes bytes) {
  scratch_.assign(1, static_cast<std::uint8_t>(tag));
  scratch_.insert(scratch_.end(), bytes.begin(), bytes.end());
  append_frame(out_, scratch_);
}

void ExportWriter::header(std::string_view json) {
  std::string text(kExportMagic);
  text += json;
  put(ExportTag::kHeader, as_bytes(text));
}

void ExportWriter::enrolment(Bytes document) { put(ExportTag::kEnrolment, document); }

void ExportWriter::section(const Id& writer) { put(ExportTag::kSection, writer); }

void ExportWriter::record(Bytes record) {
  ++records_;
  put(ExportTag::kRecord, record);
}

void ExportWriter::end() {
  std::array<std::uint8_t, 8> count;
  for (std::size_t i = 0; i < 8; ++i) count[i] = static_cast<std::uint8_t>(records_ >> (8 * i));
  put(ExportTag::kEnd, count);
}

}  // namespace chaperone::audit
