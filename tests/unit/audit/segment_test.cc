#include "audit/segment.h"

#include <cstring>

#include "tests/unit/audit/sample.h"

#include <catch2/catch.hpp>  // last: its CHECK is the test's

namespace chaperone::audit {
namespace {

constexpr std::uint64_t kMarker = 0x1122334455667788;

void put_entry(Buffer& file, std::string_view record) {
  std::string entry(8, '\0');
  std::memcpy(entry.data(), &kMarker, 8);
  append_frame(entry, as_bytes(record));
  entry.resize(entry_bytes(record.size()));
  file.insert(file.end(), entry.begin(), entry.end());
}

Buffer sample_segment() {
  Buffer file(kSegmentHeaderBytes);
  write_segment_header({test_id(1), 3, 10, {}, kMarker, 5, test_id(2)}, file.data());
  for (const char* record : {"alpha", "beta record", "gamma"}) put_entry(file, record);
  file.resize(file.size() + 64);
  return file;
}

struct Seen {
  std::vector<std::string> records;
  std::uint64_t damage_bytes = 0;
  int damages = 0;
};

Seen read_all(Bytes file, SegmentReader::Mode mode) {
  Seen seen;
  SegmentReader reader(file, kMarker, mode);
  for (auto step = reader.next(); step != SegmentStep::kEnd; step = reader.next()) {
    if (step == SegmentStep::kRecord)
      seen.records.emplace_back(as_text(reader.record()));
    else {
      seen.damage_bytes += reader.damage().bytes;
      ++seen.damages;
    }
  }
  return seen;
}

TEST_CASE("a segment's header survives one torn half") {
  Buffer file = sample_segment();
  auto header = read_segment_header(file);
  REQUIRE(header);
  CHECK(header->number == 3);
  CHECK(header->first_sequence == 10);
  CHECK(header->marker == kMarker);
  Buffer first = file, both = file;
  std::memset(first.data(), 0, 512);
  CHECK(read_segment_header(first)->number == 3);
  std::memset(both.data(), 0, kSegmentHeaderBytes);
  CHECK_FALSE(read_segment_header(both));
  CHECK(marker_of_first_entry(both) == kMarker);
}

TEST_CASE("whole and live reading of a sound segment") {
  Buffer file = sample_segment();
  for (auto mode : {SegmentReader::Mode::kWhole, SegmentReader::Mode::kLive}) {
    Seen seen = read_all(file, mode);
    CHECK(seen.records == std::vector<std::string>{"alpha", "beta record", "gamma"});
    CHECK(seen.damages == 0);
  }
}

TEST_CASE("every altered byte costs one record at most, and is reported") {
  const Buffer file = sample_segment();
  std::size_t end = kSegmentHeaderBytes + entry_bytes(5) + entry_bytes(11) + entry_bytes(5);
  for (std::size_t i = kSegmentHeaderBytes; i < end; ++i) {
    Buffer altered = file;
    altered[i] ^= 0x40;
    Seen seen = read_all(altered, SegmentReader::Mode::kWhole);
    bool padding = seen.records.size() == 3;
    CHECK(seen.records.size() >= 2);
    CHECK((padding || seen.damages == 1));
    Seen live = read_all(altered, SegmentReader::Mode::kLive);
    CHECK(live.damages == 0);
    CHECK(live.records.size() <= seen.records.size());
  }
}

TEST_CASE("every truncation gives the records before it") {
  const Buffer file = sample_segment();
  std::size_t first = kSegmentHeaderBytes + entry_bytes(5);
  for (std::size_t size = kSegmentHeaderBytes; size < file.size(); ++size) {
    Seen seen = read_all(Bytes(file).first(size), SegmentReader::Mode::kWhole);
    CHECK(seen.records.size() <= 3);
    if (size >= first) CHECK(!seen.records.empty());
  }
}

TEST_CASE("what an agent writes into a record is never taken for an entry") {
  // An entry inside an entry, as an agent would forge it without knowing the marker.
  std::string forged(8, 'A');
  append_frame(forged, as_bytes("forged"));
  Buffer file(kSegmentHeaderBytes);
  put_entry(file, std::string(16, 'x') + forged + std::string(16, 'y'));
  put_entry(file, "after");
  file[kSegmentHeaderBytes + 20] ^= 1;  // the outer entry is damaged
  Seen seen = read_all(file, SegmentReader::Mode::kWhole);
  CHECK(seen.records == std::vector<std::string>{"after"});
  CHECK(seen.damages == 1);
}

}  // namespace
}  // namespace chaperone::audit
