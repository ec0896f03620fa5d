#pragma once
// One connection to a PostgreSQL server, from dialling to logged in: a link, a login with a
// credential that is read now, then the settings that decide how text is read. From there on its
// bytes are its user's.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "proto-parsers/postgres/backend.h"
#include "sidecar/net/stream.h"
#include "sidecar/policy/policy.h"
#include "sidecar/session/login.h"
#include "sidecar/session/own_query.h"
#include "sidecar/session/postgres_link.h"
#include "sidecar/session/server_settings.h"

namespace chaperone::session {

struct Worker;

// Everything that makes two upstream connections interchangeable. Immutable and shared.
struct UpstreamPlan {
  std::shared_ptr<const policy::Policy> policy;  // keeps `resource` alive
  const policy::Resource* resource = nullptr;
  net::Address address;
  std::string role, database;
  std::vector<pg::Setting> settings;
  std::uint16_t minor = 0;
  bool read_only = false;     // default_transaction_read_only=on is asked for
  std::string replication;    // value of the startup parameter; empty: none

  std::string key() const;    // equal keys: interchangeable
};
using UpstreamPlanPtr = std::shared_ptr<const UpstreamPlan>;

struct UpstreamFailure {
  std::string word;      // for records: "dial", "tls", "credential", "login", "settings"
  std::string message;   // for people; no secret in it
  std::string sqlstate;  // the server's, where it sent one
};

class PostgresUpstream final : private net::StreamObserver {
 public:
  class User {
   public:
    virtual void on_upstream_bytes(Bytes bytes) = 0;
    virtual void on_upstream_drained() = 0;
    // The connection is gone, and this the last call. `why` names the reason; null: it ended.
    virtual void on_upstream_closed(const Error* why) = 0;

   protected:
    ~User() = default;
  };
  // Called once, never from within open(): null when the connection is open. May destroy this.
  using Ready = std::function<void(const UpstreamFailure*)>;

  PostgresUpstream(Worker& worker, UpstreamPlanPtr plan);
  ~PostgresUpstream();

  void open(Ready ready);
  // From now on bytes go to `user`. Null parks the connection: whatever comes then makes it
  // unusable, but for what a server may say at any time.
  void set_user(User* user) { user_ = user; }

  const UpstreamPlan& plan() const { return *plan_; }
  const UpstreamPlanPtr& plan_ptr() const { return plan_; }
  bool usable() const { return phase_ == Phase::kOpen; }
  LoginResult& login() { return login_result_; }
  const ServerSettings& settings() const { return settings_; }
  const std::string& credential_version() const { return credential_version_; }
  std::uint64_t begun_ms() const { return begun_ms_; }  // loop time of open()
  std::string tls_description() const { return stream_ ? stream_->tls_description() : ""; }

  void write(Bytes bytes) { stream_->write(bytes); }
  std::size_t queued_bytes() const { return stream_->queued_bytes(); }
  bool over_mark() const { return stream_->over_mark(); }
  void pause() { stream_->pause(); }
  void resume() { stream_->resume(); }
  void end() { stream_->end(); }
  // Says Terminate and closes once that is out. Nothing more is heard of it.
  void close();

 private:
  enum class Phase : std::uint8_t { kIdle, kLinking, kLogin, kSettings, kOpen, kClosed };

  void linked(net::StreamPtr stream, const LinkFailure* failure);
  void begin_login();
  void login_bytes(Bytes bytes);
  void begin_settings();
  void settings_bytes(Bytes bytes);
  void fail(std::string word, std::string message, std::string sqlstate = {});
  void on_bytes(Bytes bytes) override;
  void on_end() override;
  void on_drained() override;
  void on_closed(const Error* why) override;

  // What only opening needs; gone once the connection is open.
  struct Opening;

  Worker& worker_;
  UpstreamPlanPtr plan_;
  std::unique_ptr<Opening> opening_;
  std::shared_ptr<Opening> failed_;  // it has, and is about to be told
  net::StreamPtr stream_;
  User* user_ = nullptr;
  LoginResult login_result_;
  ServerSettings settings_;
  std::string credential_version_;
  std::uint64_t begun_ms_ = 0;
  Phase phase_ = Phase::kIdle;
};

}  // namespace chaperone::session
