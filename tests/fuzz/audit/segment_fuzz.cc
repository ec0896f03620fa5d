// A damaged segment: readers end, never give the same byte twice, and account for what they skip.

#include "audit/segment.h"
#include "proto-parsers/base/check.h"

using namespace chaperone;

namespace {

void read(Bytes file, std::uint64_t marker, audit::SegmentReader::Mode mode) {
  audit::SegmentReader reader(file, marker, mode);
  std::uint64_t at = audit::kSegmentHeaderBytes;
  for (auto step = reader.next(); step != audit::SegmentStep::kEnd; step = reader.next()) {
    bool record = step == audit::SegmentStep::kRecord;
    CHECK((record ? reader.offset() : reader.damage().offset) == at);
    CHECK(record || mode == audit::SegmentReader::Mode::kWhole);
    CHECK(reader.end() > at && reader.end() <= file.size());
    CHECK(!record || reader.record().size() <= audit::kFrameBytesMax);
    CHECK(record || (reader.damage().bytes > 0 && reader.damage().bytes <= reader.end() - at));
    at = reader.end();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes file(data, size);
  auto header = audit::read_segment_header(file);
  auto marker = header ? std::optional(header->marker) : audit::marker_of_first_entry(file);
  for (auto mode : {audit::SegmentReader::Mode::kWhole, audit::SegmentReader::Mode::kLive}) {
    read(file, marker.value_or(0x1122334455667788), mode);
  }
  return 0;
}
