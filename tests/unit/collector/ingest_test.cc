#include "collector/ingest/ingest.h"

#include "audit/frame.h"
#include "audit/shipping.h"
#include "collector/limits.h"
#include "tests/unit/audit/sample.h"
#include "tests/unit/collector/folder.h"

#include <catch2/catch.hpp>  // last: its CHECK is the test's

using namespace chaperone;
using namespace chaperone::collector;

namespace {
// A collector without its doors, and one writer.
struct Room {
  TestFolder folder;
  audit::SigningKey collector = audit::test_key(42);
  audit::TestChain chain{audit::test_id(1), 1};
  Token token;
  std::unique_ptr<Store> store;
  std::unique_ptr<Alarms> alarms;
  std::unique_ptr<Ingest> ingest;

  Room() {
    token.name = "agent";
    start();
    EnrolRequest enrol;
    enrol.writer = chain.writer(), enrol.key = chain.key().public_key();
    std::string message = audit::enrol_message(enrol.writer, enrol.key, token.hash);
    enrol.signature = chain.key().sign(as_bytes(message));
    REQUIRE(ingest->enrol(token, enrol).status == 200);
  }
  void start() {
    ingest.reset(), alarms.reset(), store.reset();
    auto opened = Store::open({folder.path + "/data", 1 << 20, 0}, collector.public_key());
    REQUIRE(opened);
    store = std::move(*opened);
    alarms = std::make_unique<Alarms>(*store, folder.path + "/evidence");
    ingest = std::make_unique<Ingest>(*store, *alarms, collector);
  }
  void send(std::size_t first, std::size_t last) {
    BatchRequest request;
    request.writer = chain.writer();
    for (std::size_t i = first; i < last; ++i)
      audit::append_frame(request.frames, chain.records()[i]);
    std::string message = audit::batch_message(request.writer, as_bytes(request.frames), false);
    request.signature = chain.key().sign(as_bytes(message));
    REQUIRE(ingest->batch(token, request).status == 200);
  }
  std::uint64_t silent_after(std::int64_t ns) {
    ingest->look_for_silence(wall_now_ns() + ns);
    return alarms->count(AlarmKind::kSilent);
  }
};
}  // namespace

TEST_CASE("a writer that stopped in order is not silent, however its last records came") {
  for (bool together : {true, false}) {
    for (bool restarted : {true, false}) {
      Room room;
      room.chain.add("select 1");
      room.chain.add("", audit::RecordKind::kWriterStop);
      room.chain.checkpoint();  // closes every orderly stop
      room.send(0, together ? 3 : 2);
      if (!together) room.send(2, 3);
      if (restarted) room.start();
      CHECK(room.silent_after(10 * kSilenceNs) == 0);
      room.chain.add("", audit::RecordKind::kWriterStart);  // the same spool, again
      room.send(3, 4);
      CHECK(room.silent_after(kSilenceNs / 2) == 0);
      CHECK(room.silent_after(20 * kSilenceNs) == 1);
    }
  }
}
