// What a crash, a disk or a neighbour left in the spool's folder: recovery ends, claims no more than
// is there, and a spool that opens takes the next record behind it.
#include "sidecar/spool/recovery.h"

#include "proto-parsers/base/check.h"
#include "sidecar/spool/files.h"
#include "tests/unit/spool/fixture.h"

using namespace chaperone;
using namespace chaperone::spool;

// The first byte says where the input is cut in two segments.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::string_view input = as_text({data + 1, size - 1});
  std::size_t cut = data[0] == 0 ? input.size() : input.size() * data[0] / 256;
  TempDir dir(On::kMemory);
  CHECK(make_dir(dir.path()).ok());
  spill(segment_path(dir.path(), 1), input.substr(0, cut));
  if (cut < input.size()) spill(segment_path(dir.path(), 2), input.substr(cut));
  LyingDisk disk;
  disk.syncs = false;
  auto found = recover(dir.path(), disk);
  if (!found) {
    CHECK(!found.error().message.empty());
    return 0;
  }
  for (const Segment& segment : found->segments) CHECK(segment.bytes <= size);
  CHECK(found->recovery.damage_bytes + found->recovery.torn_bytes <= 2 * size);
  // A second look finds what the first one left.
  auto again = recover(dir.path(), disk);
  CHECK(again.ok() && again->chain.sequence == found->chain.sequence);
  return 0;
}
