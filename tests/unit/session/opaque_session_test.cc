// Bytes that pass unread: where a line of the policy says so, counted and recorded.
#include "tests/unit/session/worker_fixture.h"

#include <catch2/catch.hpp>  // last: its CHECK is the one meant here

namespace chaperone::session {
namespace {

using Words = std::vector<std::string>;

const std::string kOpaque = "protocol: opaque";
const std::string kAll = "rules: [{name: all, action: allow}]\n";

TEST_CASE("opaque: by its address, both ways, and recorded at both ends") {
  WorkerWorld world(kOpaque, kAll, TestServer::Kind::kEcho);
  net::test::Ear& client = world.dial_opaque(true);
  client.stream->write(as_bytes("hello"));
  world.run_until([&] { return client.heard == "hello"; });
  CHECK(world.worker->metrics.opaque_sessions == 1);
  CHECK(world.worker->metrics.bytes_to_server == 5);
  client.stream->end();
  world.run_until([&] { return client.closed && world.worker->sessions.empty(); });
  CHECK(world.events(audit::RecordKind::kSessionOpen).size() == 1);
  CHECK(world.events(audit::RecordKind::kOpaqueClose).size() == 1);
  CHECK(world.worker->metrics.sessions_open == 0);
}

TEST_CASE("opaque: no rule lets it pass") {
  WorkerWorld world(kOpaque, "rules: [{name: reads, action: allow, match: {effects: [read]}}]\n",
                    TestServer::Kind::kEcho);
  net::test::Ear& client = world.dial_opaque(true);
  client.stream->write(as_bytes("hello"));
  world.run_until([&] { return client.closed && world.worker->sessions.empty(); });
  CHECK(client.heard.empty());
  CHECK(world.events(audit::RecordKind::kConnectDenied) == Words{"connect_denied connect_denied"});
  CHECK(world.server.connections.empty());
}

TEST_CASE("opaque: named by no address, and by no ClientHello either") {
  WorkerWorld world(kOpaque, kAll, TestServer::Kind::kEcho);
  net::test::Ear& client = world.dial_opaque(false);
  client.stream->write(as_bytes("this is no TLS"));
  world.run_until([&] { return client.closed && world.worker->sessions.empty(); });
  CHECK(world.events(audit::RecordKind::kConnectDenied) == Words{"connect_denied not_tls"});
  CHECK(world.worker->metrics.connects_denied == 1);
  CHECK(world.server.connections.empty());
}

TEST_CASE("opaque: a policy that no longer allows it ends it") {
  WorkerWorld world(kOpaque, kAll, TestServer::Kind::kEcho);
  net::test::Ear& client = world.dial_opaque(true);
  client.stream->write(as_bytes("hello"));
  world.run_until([&] { return client.heard == "hello"; });
  world.use_policy(kAll);
  client.stream->write(as_bytes(" again"));
  world.run_until([&] { return client.heard == "hello again"; });
  world.use_policy("rules: [{name: reads, action: allow, match: {effects: [read]}}]\n");
  world.run_until([&] { return client.closed && world.worker->sessions.empty(); });
  CHECK(world.events(audit::RecordKind::kOpaqueClose) == Words{"opaque_close policy_changed"});
}

TEST_CASE("inbound: relayed to loopback and recorded, whatever the policy says of what leaves") {
  const std::string none = "rules: [{name: reads, action: allow, match: {effects: [read]}}]\n";
  WorkerWorld world(kOpaque, none, TestServer::Kind::kEcho);
  net::test::Ear& client = world.dial_inbound();
  client.stream->write(as_bytes("hello"));
  world.run_until([&] { return client.heard == "hello"; });
  world.use_policy(none);
  client.stream->write(as_bytes(" again"));
  world.run_until([&] { return client.heard == "hello again"; });
  CHECK((*world.worker->sessions.begin()).first->view().kind == "inbound");
  client.stream->end();
  world.run_until([&] { return client.closed && world.worker->sessions.empty(); });
  CHECK(world.events(audit::RecordKind::kSessionOpen).size() == 1);
  CHECK(world.events(audit::RecordKind::kOpaqueClose).size() == 1);
}

TEST_CASE("opaque: a server that ends is heard to its end") {
  WorkerWorld world(kOpaque, kAll, TestServer::Kind::kEcho);
  net::test::Ear& client = world.dial_opaque(true);
  client.stream->write(as_bytes("hello"));
  world.run_until([&] { return world.server.connections.size() == 1; });
  world.run_until([&] { return client.heard == "hello"; });
  world.server.connections[0]->stream->write(as_bytes(" bye"));
  world.server.connections[0]->stream->end();
  world.run_until([&] { return client.ended; });
  CHECK(client.heard == "hello bye");
  client.stream->end();
  world.run_until([&] { return client.closed && world.worker->sessions.empty(); });
}

}  // namespace
}  // namespace chaperone::session
