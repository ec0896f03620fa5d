#pragma once
// A worker with everything that it shares, clients on connections of their own, and servers on free
// ports of the loopback: for what needs streams and a loop.

#include <memory>
#include <string>
#include <vector>

#include "sidecar/session/acceptor.h"
#include "tests/unit/net/support.h"
#include "tests/unit/session/fake_server.h"
#include "tests/unit/spool/fixture.h"

namespace chaperone::session {

// Lets everyone in and answers as FakeServer does; or says what it hears; or hears and hangs up.
class TestServer {
 public:
  enum class Kind { kPostgres, kEcho, kHangsUp };
  TestServer(net::Loop& loop, Kind kind);

  struct Connection final : net::StreamObserver {
    void on_bytes(Bytes bytes) override;
    void on_end() override { stream->end(); }
    void on_closed(const Error*) override { stream.reset(); }
    net::StreamPtr stream;  // null: closed
    std::string startup;    // the packet that began it
    FakeServer server;
    Kind kind = Kind::kPostgres;
    bool greeted = false;
  };
  net::Address address() const { return net::test::loopback(listener_->port()); }
  std::size_t open() const;  // connections that stand
  // Whether a connection has run this, or has been asked for with a startup packet that says it.
  bool executed(std::string_view text) const;
  bool startup_said(std::string_view text) const;

  std::vector<std::unique_ptr<Connection>> connections;  // all there ever were

 private:
  std::unique_ptr<net::Listener> listener_;
};

class WorkerWorld {
 public:
  // `resource`: the lines of the policy's one resource behind its addresses and ports.
  explicit WorkerWorld(const std::string& resource, const std::string& rules,
                       TestServer::Kind kind = TestServer::Kind::kPostgres);
  ~WorkerWorld();

  // A connection of the agent's, whose other end has the session. Lives as long as this.
  net::test::Ear& dial_postgres();
  net::test::Ear& dial_opaque(bool named_by_address);
  // As if somebody outside had dialled the server's port on the pod's address.
  net::test::Ear& dial_inbound();
  net::test::Ear& dial_acceptor();
  void run_until(const std::function<bool()>& done) { net::test::run_until(loop, done); }
  void use_policy(const std::string& rules);
  const policy::Resource& resource() const { return worker->policy->resources()[0]; }
  UpstreamPlanPtr plan() const;
  // "connect_denied not_tls", of each record of that kind.
  std::vector<std::string> events(audit::RecordKind kind);
  // Of the only such record: "RESOURCE, to TARGET, from CLIENT, EVENT, REASON, DETAIL".
  std::string refused_connection();

  net::Loop loop;
  TestServer server;
  config::SidecarConfig config;  // as it is when it is asked for: may be changed between two steps

 private:
  net::test::Pair& dial();
  void turn();
  std::shared_ptr<const policy::Policy> policy_of(const std::string& rules) const;

  const std::string resource_;
  spool::TempDir dir_{spool::On::kMemory};
  spool::LyingDisk disk_;
  Subject subject_;
  std::unique_ptr<spool::Spool> spool_;
  std::unique_ptr<spool::Syncer> syncer_;
  CancelRegistry cancels_;
  std::unique_ptr<net::TlsServer> tls_;
  std::atomic<std::size_t> sessions_open_{0};
  dns::Bindings names_;
  std::unique_ptr<Shared> shared_;
  std::vector<std::unique_ptr<net::test::Pair>> pairs_;

 public:
  const spool::TempDir& folder() const { return dir_; }
  std::unique_ptr<Worker> worker;
};

// What a client says first.
std::string startup_packet(std::string_view user, std::string_view database = "shop");
std::string ssl_request();
std::string gss_request();

}  // namespace chaperone::session
