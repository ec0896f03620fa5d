// Between accept and the first command, on real streams.
#include "tests/unit/session/exchange_fixture.h"
#include "tests/unit/session/worker_fixture.h"

#include "proto-parsers/postgres/encode.h"

#include <catch2/catch.hpp>  // last: its CHECK is the one meant here

namespace chaperone::session {
namespace {

using Words = std::vector<std::string>;

const std::string kShop =
    "protocol: postgres, tls: off, warm: off, logins: [{user: app, role: app}]";
const std::string kAll = "rules: [{name: all, action: allow}]\n";

bool says(const std::string& text, std::string_view words) {
  return text.find(words) != std::string::npos;
}

void say(net::test::Ear& client, const std::string& bytes) {
  client.stream->write(as_bytes(bytes));
}

TEST_CASE("handshake: a client is greeted, heard and let go") {
  WorkerWorld world(kShop, kAll);
  net::test::Ear& client = world.dial_postgres();
  say(client, startup_packet("app"));
  world.run_until([&] { return says(client.heard, std::string("Z\0\0\0\5I", 6)); });
  CHECK(client.heard.starts_with("R"));
  CHECK(says(client.heard, "server_version"));
  CHECK_FALSE(says(client.heard, "secr"));  // the cancel key is ours, not the server's
  say(client, query_message("SELECT 1"));
  world.run_until([&] { return says(client.heard, "SELECT 1"); });
  std::string terminate;
  pg::append_terminate(terminate);
  say(client, terminate);
  client.stream->end();
  world.run_until([&] { return client.closed && world.worker->sessions.empty(); });
  CHECK(world.events(audit::RecordKind::kSessionOpen).size() == 1);
  CHECK(world.events(audit::RecordKind::kSessionClose).size() == 1);
}

TEST_CASE("handshake: what comes with the startup packet waits for the login") {
  WorkerWorld world(kShop, kAll);
  net::test::Ear& client = world.dial_postgres();
  say(client, startup_packet("app") + query_message("SELECT 1") + query_message("SELECT 2"));
  world.run_until([&] { return world.server.executed("SELECT 2"); });
  CHECK(world.server.executed("SELECT 1"));
  world.run_until([&] { return client.heard.ends_with(std::string("Z\0\0\0\5I", 6)); });
}

// They were sent in clear text, by anyone on the way, and would be read as if from within TLS.
TEST_CASE("handshake: bytes in clear behind SSLRequest end the connection") {
  WorkerWorld world(kShop, kAll);
  net::test::Ear& client = world.dial_postgres();
  say(client, ssl_request() + startup_packet("app"));
  world.run_until([&] { return !client.heard.empty(); });
  CHECK(client.heard.starts_with("E"));
  CHECK(says(client.heard, "08P01"));
  CHECK(says(client.heard, "data behind SSLRequest"));
  world.run_until([&] { return client.closed || client.ended; });
  CHECK(world.events(audit::RecordKind::kConnectDenied) == Words{"connect_denied startup"});
  CHECK(world.server.connections.empty());
}

TEST_CASE("handshake: SSLRequest alone is answered, and no server dialled for it") {
  WorkerWorld world(kShop, kAll);
  net::test::Ear& client = world.dial_postgres();
  say(client, ssl_request());
  world.run_until([&] { return !client.heard.empty(); });
  CHECK(client.heard == "S");
  say(client, startup_packet("app"));  // in clear, where a ClientHello must come
  world.run_until([&] { return client.closed || client.ended; });
  CHECK_FALSE(says(client.heard, "server_version"));
  CHECK(world.server.connections.empty());
}

TEST_CASE("handshake: GSSENCRequest is declined, and the client goes on") {
  WorkerWorld world(kShop, kAll);
  net::test::Ear& client = world.dial_postgres();
  say(client, gss_request());
  world.run_until([&] { return !client.heard.empty(); });
  CHECK(client.heard == "N");
  say(client, startup_packet("app"));
  world.run_until([&] { return says(client.heard, "server_version"); });
}

TEST_CASE("handshake: who has no login is refused before a server hears of it") {
  WorkerWorld world(kShop, kAll);
  net::test::Ear& client = world.dial_postgres();
  say(client, startup_packet("somebody"));
  world.run_until([&] { return client.closed || client.ended; });
  CHECK(says(client.heard, "28000"));
  CHECK(says(client.heard, "has no login for user \"somebody\""));
  CHECK(world.events(audit::RecordKind::kConnectDenied) == Words{"connect_denied login_mapping"});
  CHECK(world.server.connections.empty());
}

TEST_CASE("handshake: what is no startup packet is refused") {
  WorkerWorld world(kShop, kAll);
  net::test::Ear& client = world.dial_postgres();
  say(client, "GET / HTTP/1.1\r\nHost: db\r\n\r\n");
  world.run_until([&] { return client.closed || client.ended; });
  CHECK(says(client.heard, "08P01"));
  CHECK(world.worker->metrics.parse_errors == 1);
  CHECK(world.server.connections.empty());
  // Where it wanted to go is known all the same, and the reason is told once.
  std::string told = world.refused_connection();
  CHECK(told.starts_with("shop, to " + world.server.address().to_string() + ", from 127.0.0.1:"));
  CHECK(says(told, ", startup, "));
  CHECK(told.ends_with(", "));
  REQUIRE(world.worker->denials.all().size() == 1);
  const Denial& denial = world.worker->denials.all()[0];
  CHECK(denial.resource == "shop");
  CHECK(denial.target == world.server.address().to_string());
  CHECK_FALSE(denial.session.empty());
}

TEST_CASE("handshake: the server hangs up within the login") {
  WorkerWorld world(kShop, kAll, TestServer::Kind::kHangsUp);
  net::test::Ear& client = world.dial_postgres();
  say(client, startup_packet("app"));
  world.run_until([&] { return client.closed || client.ended; });
  CHECK(says(client.heard, "cannot log in to resource \"shop\""));
  CHECK_FALSE(says(client.heard, "server_version"));
}

}  // namespace
}  // namespace chaperone::session
