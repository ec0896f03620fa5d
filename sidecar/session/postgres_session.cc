#include "sidecar/session/postgres_session.h"

#include "sidecar/net/limits.h"
#include "sidecar/session/postgres_handshake.h"
#include "sidecar/session/postgres_refusal.h"
#include "sidecar/session/worker.h"

namespace chaperone::session {
namespace {

// For the last word of a session that is cut: the drain has no more time than it was given.
constexpr std::uint64_t kCutMs = 250;

// Well within the time for which the store keeps a view up to date that nobody asked for.
constexpr std::uint64_t kViewKeptMs = 60'000;

std::string id_text(const audit::Id& id) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (std::uint8_t byte : id) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

}  // namespace

PostgresSession::PostgresSession(Worker& worker, net::StreamPtr client,
                                 const policy::Resource& resource, Destination destination,
                                 std::optional<std::uint32_t> uid)
    : Swept(worker.loop), worker_(worker), policy_(worker.policy), resource_(&resource),
      client_(std::move(client)), destination_(std::move(destination)), handshake_(std::make_unique<Handshake>()),
      trail_(worker.shared.spool), begun_ns_(mono_now_ns()), accepted_ms_(worker.loop.now_ms()),
      active_ms_(accepted_ms_), uid_(uid) {
  client_->set_write_mark(worker.shared.config.limits.write_queue_bytes_max);
  client_->set_keep_alive(net::kKeepAliveIdleSeconds);
  trail_.set_who({&worker.shared.subject, uid});
  ++worker_.metrics.sessions_opened;
  ++worker_.metrics.sessions_open;
}

PostgresSession::~PostgresSession() {
  worker_.waiters.forget(this);
  worker_.catalogues.forget(this);
  --worker_.metrics.sessions_open;
}

// ---- client side

void PostgresSession::on_bytes(Bytes bytes) {
  active_ms_ = worker_.loop.now_ms();
  bytes_from_client_ += bytes.size();
  switch (phase_) {
    case Phase::kStartup: return startup_bytes(bytes);
    case Phase::kOpening: handshake_->gate.keep(handshake_->gate.join(bytes), 0); return;
    case Phase::kOpen:
      exchange_->on_client(bytes);
      return after_client_turn();
    case Phase::kClientTls:
    case Phase::kCancel:
    case Phase::kEnded: return;
  }
}

void PostgresSession::on_secure() {
  if (phase_ != Phase::kClientTls) return;
  handshake_->parser.on_tls();
  phase_ = Phase::kStartup;
  // As PostgreSQL: without it another protocol's bytes could be taken for this one's.
  if (handshake_->direct_tls && client_->alpn() != "postgresql") {
    set_where(nullptr, {}, {});
    refuse("08P01", "startup", "direct TLS without ALPN \"postgresql\"",
           "send an SSLRequest first, or name the protocol (sslnegotiation=direct does)");
  }
}

void PostgresSession::after_client_turn() {
  if (phase_ != Phase::kOpen) return;
  weigh();
  bool hold = exchange_->client_blocked();
  if (terminated_ && exchange_->at_rest()) return end("client_closed", "the client ended the session");
  if (hold && !client_->paused()) client_->pause();
  if (!hold && client_->paused()) client_->resume();
  if (client_ended_ && !hold) upstream_->end();
  if (draining_ && exchange_->at_rest()) {
    end("drained", "the sidecar is going away",
        encode_fatal("57P01", "chaperone: the sidecar is shutting down"));
  }
}

// What all sessions hold of commands that cannot leave yet is bounded in sum: who asks for more
// when there is none has the command refused.
void PostgresSession::weigh() {
  std::size_t holds = exchange_->held_bytes() + upstream_->queued_bytes();
  if (holds == weighed_) return;
  bool more = holds > weighed_;
  worker_.held_bytes += holds - weighed_;
  weighed_ = holds;
  if (!more || worker_.held_bytes <= worker_.shared.config.limits.held_bytes_max) return;
  exchange_->give_up_message(worker_.held_bytes);
  std::size_t left = exchange_->held_bytes() + upstream_->queued_bytes();
  worker_.held_bytes += left - weighed_;
  weighed_ = left;
}

void PostgresSession::on_end() {
  client_ended_ = true;
  if (phase_ != Phase::kOpen) return end("client_closed", "the client left before the session was open");
  if (terminated_ || exchange_->at_rest()) return end("client_closed", "the client ended the session");
  after_client_turn();  // what it sent is answered first
}

void PostgresSession::on_drained() {
  if (upstream_ && phase_ == Phase::kOpen) upstream_->resume();
}

void PostgresSession::on_closed(const Error* why) {
  client_gone_ = true;
  if (phase_ == Phase::kEnded) return worker_.remove(*this);
  end("client_closed", why ? why->message : "the client closed the connection");
}

// ---- server side

void PostgresSession::on_upstream_bytes(Bytes bytes) {
  active_ms_ = worker_.loop.now_ms();
  if (phase_ != Phase::kOpen) return;
  exchange_->on_server(bytes);
  after_client_turn();
}

void PostgresSession::on_upstream_drained() {
  if (phase_ != Phase::kOpen) return;
  exchange_->on_server_congested(false);
  after_client_turn();
}

void PostgresSession::on_upstream_closed(const Error* why) {
  bool expected = terminated_ || client_ended_;
  end(expected ? "client_closed" : "upstream_closed",
      why ? why->message : "the server closed the connection");
}

// ---- the exchange's ports

void PostgresSession::to_client(Bytes bytes) {
  if (client_gone_) return;
  bytes_to_client_ += bytes.size();
  worker_.metrics.bytes_to_client += bytes.size();
  client_->write(bytes);
  if (client_->over_mark()) upstream_->pause();
}

void PostgresSession::to_server(Bytes bytes) {
  worker_.metrics.bytes_to_server += bytes.size();
  upstream_->write(bytes);
  if (upstream_->over_mark()) exchange_->on_server_congested(true);
}

void PostgresSession::need_durable(spool::Position position, policy::Durability durability) {
  worker_.shared.syncer.request();
  worker_.waiters.wait(this, position, durability, [this] {
    if (phase_ != Phase::kOpen) return;
    exchange_->on_durable();
    after_client_turn();
  });
}

void PostgresSession::need_catalogue(bool) {
  worker_.catalogues.refresh(*place_, this,
                             [this](std::shared_ptr<const sql::Catalogue> catalogue) {
                               if (phase_ != Phase::kOpen) return;
                               exchange_->on_catalogue(std::move(catalogue));
                               after_client_turn();
                             });
}

void PostgresSession::refused(const policy::Decision& decision, const Judged& judged) {
  const auto& statements = judged.analysis.meaning.statements;
  worker_.denials.add({wall_now_ns(), id_text(trail_.session()), resource_->name,
                       target_.to_string(), {decision, judged.policy ? *judged.policy : *policy_},
                       std::string(decision.reason),
                       statements.empty() ? "" : statements.front().verb});
}

void PostgresSession::failed(std::string_view word, std::string_view detail) {
  std::string message = "chaperone: the session ends: " + std::string(detail);
  std::string fatal = encode_fatal(word == "spool" ? "53100" : "08P01", message);
  // The exchange stands on the stack; it must see the end when it has returned.
  worker_.loop.soon([this, word = std::string(word), detail = std::string(detail),
                     fatal = std::move(fatal)] { end(word, detail, fatal); });
}

// ---- life

void PostgresSession::on_sweep(std::uint64_t now_ms) {
  const config::Times& times = worker_.shared.config.times;
  if (phase_ == Phase::kEnded) return;
  std::uint64_t idle_ms = now_ms - active_ms_;
  if (phase_ != Phase::kOpen) {
    // Whatever dribbles in meanwhile.
    if (now_ms - accepted_ms_ > times.login_ms) {
      refuse("08006", "login_timeout",
             "the login took longer than times.login allows (" + std::to_string(times.login_ms) +
                 "ms)");
    } else if (phase_ == Phase::kOpening) {
      retry_login(now_ms);
    }
    return;
  }
  keep_view(now_ms);
  weigh();  // what the server has read since, without a word
  if (times.idle_ms != 0 && idle_ms > times.idle_ms && exchange_->owes_nothing()) {
    return overdue("idle_timeout", exchange_->in_transaction() ? "25P03" : "57P05",
                   "idle for longer than times.idle allows", times.idle_ms);
  }
  if (times.statement_ms == 0) return;
  std::optional<std::uint64_t> since_ns = exchange_->owed_since_ns();
  if (since_ns && mono_now_ns() - *since_ns > times.statement_ms * 1'000'000) {
    overdue("statement_timeout", "57014", "a command took longer than times.statement allows",
            times.statement_ms);
  }
}

void PostgresSession::overdue(std::string_view word, std::string_view sqlstate,
                              std::string_view what, std::uint64_t allowed_ms) {
  std::string detail = std::string(what) + " (" + std::to_string(allowed_ms) + "ms)";
  end(word, detail, encode_fatal(sqlstate, "chaperone: " + detail));
}

void PostgresSession::on_policy(std::shared_ptr<const policy::Policy> policy) {
  if (phase_ == Phase::kEnded) return;
  const policy::Resource* now = nullptr;
  for (const policy::Resource& resource : policy->resources()) {
    if (resource.name == resource_->name && resource.protocol == resource_->protocol) now = &resource;
  }
  bool allowed = now && destination_.resource(*policy) == now &&
                 policy->decide_connect(worker_.shared.subject, *now).verdict ==
                     policy::Verdict::kAllow;
  // Who the session is at the server was settled at its login: where that changed, it ends as well.
  if (allowed && phase_ == Phase::kOpen) {
    allowed = policy->read_only(worker_.shared.subject, *now) == upstream_->plan().read_only;
    // What it changed so far was not followed.
    if (!exchange_->catalogue_matters() && policy->weighs_meaning(worker_.shared.subject, *now)) {
      allowed = false;
    }
  }
  if (!allowed || phase_ != Phase::kOpen) {
    return end("policy_changed", "the policy no longer allows this session",
               encode_fatal("57P01", "chaperone: the policy no longer allows this session",
                            "connect again"));
  }
  policy_ = policy;
  resource_ = now;
  auto place = std::make_shared<UpstreamPlan>(upstream_->plan());
  place->policy = policy;
  place->resource = now;
  place_ = std::move(place);
  exchange_->on_policy(std::move(policy));
  renew_view();
}

// The view was loaded under the policy of before, which is gone, and its connection with it.
void PostgresSession::renew_view() {
  if (!place_->replication.empty()) return;
  worker_.catalogues.forget(this);
  if (exchange_->catalogue_matters()) exchange_->await_catalogue();
  else worker_.catalogues.refresh(*place_, this, [](auto) {});
  after_client_turn();
}

// A session that names nothing new for long is judged by a view all the same.
void PostgresSession::keep_view(std::uint64_t now_ms) {
  if (now_ms - view_kept_ms_ < kViewKeptMs || !place_->replication.empty()) return;
  view_kept_ms_ = now_ms;
  worker_.catalogues.current(*place_);
}

void PostgresSession::on_catalogue_change(const std::string& key,
                                          std::shared_ptr<const sql::Catalogue> catalogue) {
  if (phase_ != Phase::kOpen || CatalogueStore::key_of(*place_) != key) return;
  exchange_->adopt_catalogue(std::move(catalogue));
}

void PostgresSession::drain() {
  draining_ = true;
  if (phase_ == Phase::kOpen) return after_client_turn();
  if (phase_ != Phase::kEnded) end("drained", "the sidecar is going away");
}

void PostgresSession::kill(std::string_view word) {
  end(word, "ended by the sidecar",
      encode_fatal("57P01", "chaperone: the session was ended by the sidecar"));
  // Those too that had ended before, and wait to be read.
  if (!client_gone_) client_->close_after_flush(kCutMs);
}

SessionView PostgresSession::view() const {
  SessionView view;
  view.id = id_text(trail_.session());
  view.kind = "postgres";
  view.resource = resource_->name;
  view.client = client_ ? client_->peer().to_string() : "";
  view.target = target_.to_string();
  if (upstream_) {
    view.user = upstream_->plan().role;
    view.database = upstream_->plan().database;
  }
  static constexpr std::string_view kStates[] = {"startup", "tls", "opening", "open", "cancel", "ended"};
  view.state = kStates[static_cast<std::size_t>(phase_)];
  view.ruling = ruling_;
  if (exchange_) view.operations = exchange_->operation_count();
  return view;
}

void PostgresSession::end(std::string_view word, std::string_view detail, std::string_view fatal) {
  if (phase_ == Phase::kEnded) return;
  bool clean = exchange_ && exchange_->stateless() && terminated_;
  worker_.ended.add({wall_now_ns(), view(), std::string(word), std::string(detail)});
  phase_ = Phase::kEnded;
  worker_.held_bytes -= std::exchange(weighed_, 0);
  worker_.waiters.forget(this);
  worker_.catalogues.forget(this);
  // A cancel that is still on its way would hit the next session's command.
  if (cancel_pid_ != 0 && worker_.shared.cancels.remove(cancel_pid_)) clean = false;
  if (exchange_) exchange_->settle_unknown();
  if (opened_record_) {
    audit::Outcome outcome;
    outcome.bytes_to_client = bytes_to_client_;
    outcome.bytes_from_client = bytes_from_client_;
    outcome.duration_ns = mono_now_ns() - begun_ns_;
    // A spool without room keeps a reserve for this; without even that the gap is recorded later.
    auto recorded = trail_.close(audit::RecordKind::kSessionClose, outcome, {word, detail});
    if (!recorded.ok()) ++worker_.metrics.records_missed;
  }
  if (upstream_) {
    upstream_->set_user(nullptr);
    if (clean) worker_.warm.give_back(std::move(upstream_));
    else upstream_->close();
  }
  if (client_gone_) return worker_.remove(*this);
  if (!fatal.empty()) client_->write(as_bytes(fatal));
  client_->close_after_flush();  // on_closed() follows
}

}  // namespace chaperone::session
