// Every transcript in this folder, at every size of piece from one byte to its longest flight, must
// give the events that stand in it. CHAPERONE_GOLDEN_UPDATE=1 writes them instead.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>

#include "tests/golden/postgres/replay.h"
#include "tests/golden/postgres/transcript.h"

using namespace chaperone::pg;
namespace fs = std::filesystem;

namespace {

std::vector<std::string> transcript_paths() {
  const char* root = std::getenv("CHAPERONE_SOURCE_DIR");
  std::vector<std::string> paths;
  for (const auto& file :
       fs::directory_iterator(fs::path(root ? root : ".") / "tests/golden/postgres")) {
    if (file.path().extension() == ".golden") paths.push_back(file.path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

void update(const std::string& path, Transcript& transcript) {
  Replay whole(SIZE_MAX);
  for (Flight& flight : transcript.flights) flight.events = whole.feed(flight);
  write_transcript(path, transcript);
}

bool same_events(const Transcript& transcript, std::size_t piece_bytes) {
  Replay replay(piece_bytes);
  for (const Flight& flight : transcript.flights) {
    const std::vector<std::string> events = replay.feed(flight);
    if (events == flight.events) continue;
    CAPTURE(piece_bytes);
    CHECK(events == flight.events);
    return false;
  }
  return true;
}

}  // namespace

TEST_CASE("golden: transcripts give the same events at every split") {
  const auto paths = transcript_paths();
  REQUIRE(paths.size() > 20);
  for (const std::string& path : paths) {
    CAPTURE(path);
    Transcript transcript = read_transcript(path);
    if (std::getenv("CHAPERONE_GOLDEN_UPDATE")) update(path, transcript);
    std::size_t longest = 0;
    for (const Flight& flight : transcript.flights)
      longest = std::max(longest, flight.bytes.size());
    for (std::size_t size = 1; size <= longest; ++size) {
      if (!same_events(transcript, size)) break;
    }
  }
}

TEST_CASE("golden: no transcript has a surprise in it") {
  for (const std::string& path : transcript_paths()) {
    CAPTURE(path);
    const Transcript transcript = read_transcript(path);
    for (const Flight& flight : transcript.flights) {
      CHECK_FALSE(flight.events.empty());
      for (const std::string& event : flight.events) {
        CAPTURE(event);
        CHECK(event.find("UNEXPECTED") == std::string::npos);
        CHECK_FALSE(event.starts_with("ERROR"));
      }
    }
  }
}
