// Client and server bytes in any order: no crash, and whatever a server that keeps to the protocol
// runs has a record that allowed it.
//
// The input is steps: one byte says what (its low two bits) and one how many of the bytes that
// follow it takes. 0: the client sends them. 1: the server's pending replies arrive, in pieces of
// that size. 2: a COPY under way fails at the server. 3: the server sends these bytes; from then on
// it keeps to no protocol, and only crashes count.
#include <algorithm>

#include "proto-parsers/base/check.h"
#include "tests/unit/session/exchange_fixture.h"

using namespace chaperone;
using namespace chaperone::session;

namespace {

void check_records(World& world) {
  std::vector<std::string> commands = world.commands();
  for (const std::string& command : commands) {
    if (command.find("***") != std::string::npos) return;  // redacted: not to be found by its text
  }
  for (const std::string& executed : world.server.executed) {
    if (executed == FakeServer::kWithinCopy) continue;  // judged and recorded; the server ends there
    CHECK(executed != FakeServer::kFramingLost);
    CHECK(std::any_of(commands.begin(), commands.end(), [&](const std::string& command) {
      return command.find(" allow ") != std::string::npos &&
             command.find(executed) != std::string::npos;
    }));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  World world;
  bool honest = true;
  std::string_view input = as_text({data, size});
  while (input.size() >= 2) {
    int what = input[0] & 3;
    std::size_t count = static_cast<std::uint8_t>(input[1]);
    input.remove_prefix(2);
    std::string_view bytes = input.substr(0, count);
    if (what == 0) world.feed(bytes);
    if (what == 1) {
      world.options.server_chunk = std::max<std::size_t>(count, 1);
      world.settle();
    }
    if (what == 2 && world.server.copying()) world.server.fail_copy();
    if (what == 3) {
      honest = false;
      world.exchange->on_server(as_bytes(bytes));
    }
    if (what == 0 || what == 3) input.remove_prefix(bytes.size());
  }
  world.settle();
  if (honest) check_records(world);
  world.exchange->settle_unknown();
  return 0;
}
