#pragma once
// One PostgreSQL connection of the agent, from accept to record: the handshake with the client, the
// login at the server, then the exchange (postgres_exchange.h) between both streams.
//
//   kStartup -> (kClientTls -> kStartup) -> kOpening -> kOpen -> kEnded
//                                      \-> kCancel -> kEnded

#include <memory>
#include <optional>
#include <string>

#include "proto-parsers/postgres/startup.h"
#include "proto-parsers/postgres/startup_settings.h"
#include "sidecar/net/stream.h"
#include "sidecar/session/postgres_exchange.h"
#include "sidecar/session/postgres_upstream.h"
#include "sidecar/session/destination.h"
#include "sidecar/session/session.h"
#include "sidecar/session/trail.h"

namespace chaperone::session {

class PostgresSession final : public Session,
                              private net::StreamObserver,
                              private net::Swept,
                              private PostgresUpstream::User,
                              private PostgresExchange::Ports {
 public:
  PostgresSession(Worker& worker, net::StreamPtr client, const policy::Resource& resource,
                  Destination destination, std::optional<std::uint32_t> uid);
  ~PostgresSession() override;
  void start() { client_->observe(this); }

  void on_policy(std::shared_ptr<const policy::Policy> policy) override;
  void on_catalogue_change(const std::string& key, std::shared_ptr<const sql::Catalogue> catalogue);
  void drain() override;
  void kill(std::string_view word) override;
  SessionView view() const override;

 private:
  enum class Phase : std::uint8_t { kStartup, kClientTls, kOpening, kOpen, kCancel, kEnded };

  // handshake (postgres_handshake.cc); what it needs goes when the session is open
  struct Handshake;
  void startup_bytes(Bytes bytes);
  void on_startup_packet(const pg::StartupPacket& packet, Bytes behind);
  void begin_client_tls(Bytes already_read);
  void begin_cancel(const pg::StartupPacket& packet);
  void begin_session(const pg::StartupPacket& packet);
  void begin_upstream(const pg::StartupRequest& request, const std::string& role,
                      const std::string& database);
  void on_upstream_ready(const UpstreamFailure* failure);
  bool await_rotation(const UpstreamFailure& failure);
  void retry_login(std::uint64_t now_ms);
  void greet();
  void set_where(const pg::StartupRequest* request, const std::string& role,
                 const std::string& database);
  // `ruled`: by the policy; null: no rule refused, `word` stands for it.
  void refuse(std::string_view sqlstate, std::string_view word, const std::string& message,
              const std::string& hint = {}, const policy::Decision* ruled = nullptr);

  // Ports of the exchange
  void to_client(Bytes bytes) override;
  void to_server(Bytes bytes) override;
  void need_durable(spool::Position position, policy::Durability durability) override;
  void need_catalogue(bool changed) override;
  void failed(std::string_view word, std::string_view detail) override;
  void refused(const policy::Decision& decision, const Judged& judged) override;
  void terminated() override { terminated_ = true; }

  // streams
  void on_bytes(Bytes bytes) override;
  void on_end() override;
  void on_drained() override;
  void on_secure() override;
  void on_closed(const Error* why) override;
  void on_upstream_bytes(Bytes bytes) override;
  void on_upstream_drained() override;
  void on_upstream_closed(const Error* why) override;
  void on_sweep(std::uint64_t now_ms) override;

  void after_client_turn();
  // One of `times` is over: `what` names it.
  void overdue(std::string_view word, std::string_view sqlstate, std::string_view what,
               std::uint64_t allowed_ms);
  void weigh();
  void renew_view();
  void keep_view(std::uint64_t now_ms);
  // Ends the session once: records, upstream, client. `fatal`: an encoded ErrorResponse or empty.
  void end(std::string_view word, std::string_view detail, std::string_view fatal = {});

  Worker& worker_;
  std::shared_ptr<const policy::Policy> policy_;  // keeps resource_ alive
  const policy::Resource* resource_;
  net::StreamPtr client_;
  const Destination destination_;
  const net::Address& target_ = destination_.address;
  std::unique_ptr<Handshake> handshake_;
  std::unique_ptr<PostgresUpstream> upstream_;
  UpstreamPlanPtr place_;           // of the catalogue's view: under the policy of now
  std::unique_ptr<PostgresExchange> exchange_;
  Trail trail_;
  Ruling ruling_;                   // that let it pass
  std::uint64_t begun_ns_ = 0;
  std::uint64_t accepted_ms_ = 0;   // loop time
  std::uint64_t view_kept_ms_ = 0;  // loop time when the view was last said to be in use
  std::uint64_t active_ms_ = 0;     // loop time of the last byte in either direction
  std::uint64_t bytes_to_client_ = 0, bytes_from_client_ = 0;
  std::size_t weighed_ = 0;  // of the worker's held bytes, those that are ours
  std::uint32_t cancel_pid_ = 0;
  std::optional<std::uint32_t> uid_;
  Phase phase_ = Phase::kStartup;
  bool opened_record_ = false;
  bool terminated_ = false;
  bool client_ended_ = false;
  bool client_gone_ = false;
  bool draining_ = false;
};

}  // namespace chaperone::session
