// What a writer sends: checksums are made to fit, so that the records behind them are reached.
#include "collector/ingest/batch.h"

#include "audit/frame.h"
#include "proto-parsers/base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace chaperone;
  using namespace chaperone::collector;
  Bytes rest{data, size};
  BatchContext context;
  context.keys.resize(1);
  (void)check_batch(rest, context);

  // The same bytes as records, each behind a length of two bytes.
  std::string frames;
  while (rest.size() > 2) {
    std::size_t length = std::min<std::size_t>(rest[0] | rest[1] << 8, rest.size() - 2);
    if (length != 0) audit::append_frame(frames, rest.subspan(2, length));
    rest = rest.subspan(2 + length);
  }
  Batch batch = check_batch(as_bytes(frames), context);
  if (batch.fault != BatchFault::kNone) {
    CHECK(!batch.why.empty());
    return 0;
  }
  CHECK(!batch.records.empty());
  for (std::size_t i = 1; i < batch.records.size(); ++i) {
    CHECK(batch.records[i].sequence == batch.records[i - 1].sequence + 1);
  }
  return 0;
}
