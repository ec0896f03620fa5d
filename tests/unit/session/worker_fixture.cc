#include "tests/unit/session/worker_fixture.h"

#include <algorithm>

#include "audit/decoded.h"
#include "proto-parsers/postgres/encode.h"
#include "proto-parsers/postgres/writer.h"
#include "sidecar/policy/loader.h"
#include "sidecar/session/opaque_session.h"
#include "sidecar/session/postgres_session.h"

#include <catch2/catch.hpp>  // last: its CHECK is the one meant here

namespace chaperone::session {
namespace {

std::uint32_t number_at(std::string_view bytes) {
  std::uint32_t number = 0;
  for (char c : bytes.substr(0, 4)) number = number << 8 | static_cast<unsigned char>(c);
  return number;
}

void append_number(std::string& out, std::uint32_t number) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(number >> shift & 0xff);
}

std::string request(std::uint32_t code) {
  std::string out;
  append_number(out, 8);
  append_number(out, code);
  return out;
}

constexpr std::uint32_t kSyncMs = 1;
// Of the loop, for sessions to end: each a millisecond at least.
constexpr int kTurnsMax = 10'000;

}  // namespace

TestServer::TestServer(net::Loop& loop, Kind kind) {
  auto opened =
      net::Listener::open(loop, {"127.0.0.1"}, 0, {}, [this, kind](net::StreamPtr stream) {
        auto& connection = *connections.emplace_back(std::make_unique<Connection>());
        connection.kind = kind;
        connection.stream = std::move(stream);
        connection.stream->observe(&connection);
      });
  REQUIRE(opened.ok());
  listener_ = std::move(opened).value();
}

std::size_t TestServer::open() const {
  auto stands = [](const auto& connection) { return connection->stream != nullptr; };
  return static_cast<std::size_t>(std::count_if(connections.begin(), connections.end(), stands));
}

bool TestServer::executed(std::string_view text) const {
  return std::any_of(connections.begin(), connections.end(), [&](const auto& one) {
    const auto& done = one->server.executed;
    return std::find(done.begin(), done.end(), text) != done.end();
  });
}

bool TestServer::startup_said(std::string_view text) const {
  return std::any_of(connections.begin(), connections.end(),
                     [&](const auto& one) { return one->startup.find(text) != std::string::npos; });
}

void TestServer::Connection::on_bytes(Bytes bytes) {
  if (kind == Kind::kEcho) return stream->write(bytes);
  if (kind == Kind::kHangsUp) return stream->close();
  if (greeted) {
    server.take(bytes);
  } else {
    startup.append(as_text(bytes));
    if (startup.size() < 4 || startup.size() < number_at(startup)) return;
    std::string behind = startup.substr(number_at(startup));
    greeted = true;
    std::string hello;
    pg::append_authentication_ok(hello);
    pg::append_parameter_status(hello, "server_version", "15.1");
    pg::append_parameter_status(hello, "client_encoding", "UTF8");
    pg::append_parameter_status(hello, "standard_conforming_strings", "on");
    pg::append_backend_key_data(hello, 4711, as_bytes("secr"));
    pg::append_ready_for_query(hello, pg::TransactionStatus::kIdle);
    stream->write(as_bytes(hello));
    server.take(as_bytes(behind));
  }
  stream->write(as_bytes(std::exchange(server.replies, {})));
  if (server.ended) stream->end();
}

WorkerWorld::WorkerWorld(const std::string& resource, const std::string& rules,
                         TestServer::Kind kind)
    : server(loop, kind), resource_(resource) {
  disk_.syncs = false;
  spool_ = spool::must_open(spool::options_in(dir_), disk_);
  syncer_ = std::make_unique<spool::Syncer>(*spool_, kSyncMs, [this] {
    loop.post([this] {
      if (worker) worker->on_durable();
    });
  });
  net::TlsServerOptions tls;
  tls.key_dir = dir_ / "tls";
  tls.trust_dir = dir_ / "trust";
  auto opened = net::TlsServer::open(tls);
  if (!opened.ok()) FAIL(opened.error().message);
  tls_ = std::move(opened).value();
  shared_ = std::make_unique<Shared>(
      Shared{config, subject_, *spool_, *syncer_, cancels_, *tls_, sessions_open_, names_});
  worker = std::make_unique<Worker>(loop, *shared_, policy_of(rules));
}

// What was put off to the loop's next turn holds sessions and connections.
WorkerWorld::~WorkerWorld() {
  worker->drain();
  std::vector<Session*> live;
  for (const auto& [known, session] : worker->sessions) live.push_back(session.get());
  for (Session* session : live) session->kill("test_over");
  for (int i = 0; i < kTurnsMax && !worker->sessions.empty(); ++i) turn();
  turn();
  syncer_.reset();
  worker.reset();
  turn();
}

void WorkerWorld::turn() {
  net::Timer end(loop, [this] { loop.stop(); });
  end.start(1);
  loop.run();
}

std::shared_ptr<const policy::Policy> WorkerWorld::policy_of(const std::string& rules) const {
  std::string text = "version: 1\nresources:\n- {name: shop, addresses: [127.0.0.1], ports: [" +
                     std::to_string(server.address().port()) + "], " + resource_ + "}\n" + rules;
  auto parsed = policy::parse_policy(text, "p.yaml");
  if (!parsed.ok()) FAIL(parsed.error().message);
  return parsed.value();
}

void WorkerWorld::use_policy(const std::string& rules) { worker->on_policy(policy_of(rules)); }

net::test::Pair& WorkerWorld::dial() {
  return *pairs_.emplace_back(std::make_unique<net::test::Pair>(loop));
}

net::test::Ear& WorkerWorld::dial_postgres() {
  net::test::Pair& pair = dial();
  auto session =
      std::make_unique<PostgresSession>(*worker, std::move(pair.server.stream), resource(),
                                        Destination{server.address(), {}}, std::nullopt);
  PostgresSession& started = *session;
  worker->add(std::move(session));
  started.start();
  return pair.client;
}

net::test::Ear& WorkerWorld::dial_opaque(bool named_by_address) {
  net::test::Pair& pair = dial();
  auto session = std::make_unique<OpaqueSession>(*worker, std::move(pair.server.stream),
                                                 named_by_address ? &resource() : nullptr,
                                                 Destination{server.address(), {}}, std::nullopt);
  OpaqueSession& started = *session;
  worker->add(std::move(session));
  started.start();
  return pair.client;
}

net::test::Ear& WorkerWorld::dial_inbound() {
  net::test::Pair& pair = dial();
  auto pods_own = net::Address::parse("192.0.2.7", server.address().port());
  auto session = std::make_unique<OpaqueSession>(*worker, std::move(pair.server.stream), nullptr,
                                                 Destination{pods_own.value(), {}}, std::nullopt);
  OpaqueSession& started = *session;
  worker->add(std::move(session));
  started.start_inbound();
  return pair.client;
}

net::test::Ear& WorkerWorld::dial_acceptor() {
  net::test::Pair& pair = dial();
  accept_connection(*worker, std::move(pair.server.stream));
  return pair.client;
}

UpstreamPlanPtr WorkerWorld::plan() const {
  auto plan = std::make_shared<UpstreamPlan>();
  plan->policy = worker->policy;
  plan->resource = &resource();
  plan->address = server.address();
  plan->role = "app";
  plan->database = "shop";
  return plan;
}

std::vector<std::string> WorkerWorld::events(audit::RecordKind kind) {
  std::vector<std::string> found;
  for (const std::string& bytes : spool::all_records(*spool_)) {
    auto record = audit::decode_record(as_bytes(bytes));
    REQUIRE(record.ok());
    if (record->kind != kind) continue;
    found.push_back(std::string(audit::name_of(kind)) + " " + std::string(record->event));
  }
  return found;
}

std::string WorkerWorld::refused_connection() {
  std::string found;
  for (const std::string& bytes : spool::all_records(*spool_)) {
    auto record = audit::decode_record(as_bytes(bytes));
    REQUIRE(record.ok());
    if (record->kind != audit::RecordKind::kConnectDenied) continue;
    REQUIRE(found.empty());
    found = std::string(record->resource) + ", to " + std::string(record->target_address) +
            ", from " + std::string(record->client_address) + ", " + std::string(record->event) +
            ", " + std::string(record->reason) + ", " + std::string(record->detail);
  }
  return found;
}

std::string startup_packet(std::string_view user, std::string_view database) {
  std::string body;
  append_number(body, 3 << 16);
  for (std::string_view word :
       {std::string_view("user"), user, std::string_view("database"), database}) {
    body.append(word).push_back('\0');
  }
  body.push_back('\0');
  std::string out;
  append_number(out, static_cast<std::uint32_t>(body.size() + 4));
  return out + body;
}

std::string ssl_request() { return request(80877103); }
std::string gss_request() { return request(80877104); }

}  // namespace chaperone::session
