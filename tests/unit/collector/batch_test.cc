#include "collector/ingest/batch.h"

#include "audit/frame.h"
#include "tests/unit/audit/sample.h"

#include <catch2/catch.hpp>  // last: its CHECK is the test's

using namespace chaperone;
using namespace chaperone::collector;

namespace {
audit::TestChain chain_of(int records) {
  audit::TestChain chain(audit::test_id(1), 1);
  for (int i = 0; i < records; ++i) chain.add("select " + std::to_string(i));
  chain.checkpoint();
  return chain;
}

std::string frames_of(const audit::TestChain& chain, std::size_t first, std::size_t last) {
  std::string frames;
  for (std::size_t i = first; i < last; ++i) audit::append_frame(frames, chain.records()[i]);
  return frames;
}

BatchContext context_of(const audit::TestChain& chain) {
  return {chain.writer(), {chain.key().public_key()}, {}, INT64_MAX};
}
}  // namespace

TEST_CASE("a sound batch says where it begins and what each record hashes to") {
  auto chain = chain_of(5);
  std::string frames = frames_of(chain, 2, 6);
  Batch batch = check_batch(as_bytes(frames), context_of(chain));
  CHECK(batch.fault == BatchFault::kNone);
  REQUIRE(batch.records.size() == 4);
  CHECK(batch.records[0].sequence == 3);
  CHECK(batch.previous == audit::sha256(chain.records()[1]));
  CHECK(batch.records[3].hash == audit::sha256(chain.records()[5]));
  CHECK(batch.last_kind == audit::RecordKind::kCheckpoint);
}

TEST_CASE("no altered bit of a batch passes") {
  auto chain = chain_of(2);
  std::string frames = frames_of(chain, 0, 3);
  for (std::size_t bit = 0; bit < frames.size() * 8; ++bit) {
    std::string altered = frames;
    altered[bit / 8] = static_cast<char>(altered[bit / 8] ^ (1 << bit % 8));
    CHECK(check_batch(as_bytes(altered), context_of(chain)).fault != BatchFault::kNone);
  }
}

TEST_CASE("a batch cut anywhere but between records is refused") {
  auto chain = chain_of(2);
  std::string frames = frames_of(chain, 0, 3);
  std::size_t first = frames_of(chain, 0, 1).size(), second = frames_of(chain, 0, 2).size();
  for (std::size_t size = 0; size < frames.size(); ++size) {
    auto fault = check_batch(as_bytes(frames).first(size), context_of(chain)).fault;
    bool between = size == first || size == second;
    CHECK((fault == BatchFault::kNone) == between);
    if (size == 0) CHECK(fault == BatchFault::kEmpty);
  }
}

TEST_CASE("records that do not follow, and checkpoints of others, are faults") {
  auto chain = chain_of(5);
  std::string skipped = frames_of(chain, 0, 2) + frames_of(chain, 3, 5);
  Batch batch = check_batch(as_bytes(skipped), context_of(chain));
  CHECK(batch.fault == BatchFault::kBroken);
  CHECK(batch.fault_sequence == 4);
  std::string twice = frames_of(chain, 0, 2) + frames_of(chain, 1, 2);
  CHECK(check_batch(as_bytes(twice), context_of(chain)).fault == BatchFault::kBroken);

  std::string whole = frames_of(chain, 0, 6);
  auto context = context_of(chain);
  context.keys = {audit::test_key(9).public_key()};
  CHECK(check_batch(as_bytes(whole), context).fault == BatchFault::kSignature);
  context = context_of(chain);
  context.writer = audit::test_id(2);
  CHECK(check_batch(as_bytes(whole), context).fault == BatchFault::kSignature);
}

TEST_CASE("records of the future are noticed and not refused") {
  auto chain = chain_of(3);
  std::string frames = frames_of(chain, 0, 3);
  auto context = context_of(chain);
  context.future_ns = -1;
  Batch batch = check_batch(as_bytes(frames), context);
  CHECK(batch.fault == BatchFault::kNone);
  CHECK(batch.clock_sequence == 1);
}
