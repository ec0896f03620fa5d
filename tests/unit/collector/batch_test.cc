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
  return {chain.writer(), {chain.key().public_key()}, 0, 0, {}, INT64_MAX};
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
  CHECK(batch.last_kind == audit::RecordKind::kCommand);
  Batch checkpoint = check_batch(as_bytes(frames_of(chain, 5, 6)), context_of(chain));
  CHECK(!checkpoint.last_kind);
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

namespace {
// 1 a, 2 checkpoint by key 1, 3 change to key 2, 4 b, 5 checkpoint by key 2
audit::TestChain changed_chain() {
  audit::TestChain chain(audit::test_id(1), 1);
  chain.add("a");
  chain.checkpoint();
  chain.change_key(2);
  chain.add("b");
  chain.checkpoint();
  return chain;
}

BatchContext with_keys(std::size_t signer, std::uint64_t stored) {
  std::vector<audit::PublicKey> keys{audit::test_key(1).public_key(),
                                     audit::test_key(2).public_key()};
  return {audit::test_id(1), keys, signer, stored, {}, INT64_MAX};
}
}  // namespace

TEST_CASE("a change of key hands over to the next that was enrolled") {
  auto chain = changed_chain();
  Batch batch = check_batch(as_bytes(frames_of(chain, 0, 5)), with_keys(0, 0));
  INFO(batch.why);
  CHECK(batch.fault == BatchFault::kNone);
  CHECK(batch.signer == 1);
}

TEST_CASE("a batch that repeats what an earlier key signed still passes") {
  auto chain = changed_chain();
  CHECK(check_batch(as_bytes(frames_of(chain, 0, 5)), with_keys(1, 3)).fault == BatchFault::kNone);
  CHECK(check_batch(as_bytes(frames_of(chain, 0, 5)), with_keys(1, 3)).signer == 1);
}

TEST_CASE("forged changes of key are refused") {
  auto refused = [](const audit::TestChain& chain, const BatchContext& context) {
    Batch batch = check_batch(as_bytes(frames_of(chain, 0, chain.records().size())), context);
    return batch.fault == BatchFault::kSignature;
  };
  // To a key that was never enrolled.
  audit::TestChain unknown(audit::test_id(1), 1);
  unknown.change_key(9);
  CHECK(refused(unknown, with_keys(0, 0)));
  // By the next key itself, and by a stranger.
  for (std::uint8_t by : {std::uint8_t{2}, std::uint8_t{9}}) {
    audit::TestChain usurped(audit::test_id(1), by);
    usurped.change_key(by == 2 ? std::uint8_t{1} : std::uint8_t{2});
    CHECK(refused(usurped, with_keys(0, 0)));
  }
  // Back to a key that was given up; a checkpoint by it; a checkpoint before its time.
  audit::TestChain back(audit::test_id(1), 2);
  back.change_key(1);
  CHECK(refused(back, with_keys(1, 0)));
  audit::TestChain old(audit::test_id(1), 1), early(audit::test_id(1), 2);
  old.checkpoint();
  early.checkpoint();
  CHECK(refused(old, with_keys(1, 0)));
  CHECK(refused(early, with_keys(0, 0)));
}
