// A new connection, before any session. Redirected ones need the kernel's rules: tests/integration.
#include "tests/unit/session/worker_fixture.h"

#include <catch2/catch.hpp>  // last: its CHECK is the one meant here

namespace chaperone::session {
namespace {

// To pass it on would be a loop.
TEST_CASE("acceptor: what was dialled to our own port is recorded and reset") {
  WorkerWorld world("protocol: opaque", "rules: [{name: all, action: allow}]\n",
                    TestServer::Kind::kEcho);
  net::test::Ear& client = world.dial_acceptor();
  world.run_until([&] { return client.closed; });
  CHECK_FALSE(client.why.empty());  // not an orderly end
  CHECK(world.events(audit::RecordKind::kConnectDenied) ==
        std::vector<std::string>{"connect_denied not_redirected"});
  CHECK(world.worker->metrics.connects_denied == 1);
  REQUIRE(world.worker->denials.all().size() == 1);
  CHECK(world.worker->denials.all()[0].verb == "connect");
  CHECK(world.worker->sessions.empty());
  CHECK(world.server.connections.empty());
}

}  // namespace
}  // namespace chaperone::session
