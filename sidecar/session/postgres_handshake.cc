#include "sidecar/session/postgres_handshake.h"

#include "proto-parsers/postgres/encode.h"
#include "sidecar/session/credential.h"
#include "sidecar/session/postgres_refusal.h"
#include "sidecar/session/worker.h"

namespace chaperone::session {
namespace {

constexpr std::uint8_t kTlsHandshakeRecord = 0x16;
constexpr std::string_view kInvalidAuthorization = "28000";
constexpr std::string_view kProtocolViolation = "08P01";
constexpr std::string_view kCannotConnect = "08001";
constexpr std::string_view kNotPermitted = "42501";
constexpr std::string_view kDiskFull = "53100";
constexpr std::string_view kInvalidPassword = "28P01";

// Between a password's change at the server and that of the mounted file. The kubelet may take a
// minute; who rotates with two roles never waits. Kept below the clients' own connect timeouts.
constexpr std::uint64_t kRotationMs = 5000;

std::string setting(const pg::StartupRequest& request, std::string_view name) {
  for (const pg::Setting& one : request.settings) {
    if (one.name == name) return one.value;
  }
  return {};
}

ExchangeLimits limits_of(const Worker& worker) {
  const config::Limits& limits = worker.shared.config.limits;
  return {{limits.statement_bytes_max, limits.bind_bytes_max},
          limits.pipeline_depth_max,
          limits.prepared_statements_max,
          limits.held_bytes_max};
}

}  // namespace

void PostgresSession::startup_bytes(Bytes bytes) {
  Bytes input = handshake_->gate.join(bytes);
  if (!client_->secure() && !input.empty() && input[0] == kTlsHandshakeRecord) {
    std::vector<std::uint8_t> hello(input.begin(), input.end());
    handshake_->gate.keep(input, input.size());
    handshake_->direct_tls = true;
    return begin_client_tls(hello);  // sslnegotiation=direct
  }
  Step step = handshake_->parser.next(input);
  if (step.kind == StepKind::kNeedMore) return handshake_->gate.keep(input, 0);
  if (step.kind != StepKind::kEvent) {
    ++worker_.metrics.parse_errors;
    return refuse(kProtocolViolation, "startup", handshake_->parser.error().reason);
  }
  // The packet's views end with the gate's next change, so what lies behind it is set aside first.
  std::vector<std::uint8_t> behind(input.begin() + static_cast<std::ptrdiff_t>(step.consumed),
                                   input.end());
  pg::StartupPacket packet = handshake_->parser.event();
  std::vector<std::uint8_t> whole(input.begin(), input.end());
  on_startup_packet(packet, behind);
  if (phase_ == Phase::kEnded || !handshake_) return;
  handshake_->gate = Gate();
  if (phase_ == Phase::kOpening) handshake_->gate.keep(behind, 0);
  else if (phase_ == Phase::kStartup && !behind.empty()) startup_bytes(behind);
}

void PostgresSession::on_startup_packet(const pg::StartupPacket& packet, Bytes behind) {
  switch (packet.kind) {
    case pg::StartupKind::kSslRequest:
      // Bytes behind the request were sent in clear text and would be read as if from within TLS.
      if (!behind.empty()) {
        return refuse(kProtocolViolation, "startup", "data behind SSLRequest, before TLS began");
      }
      client_->write(as_bytes("S"));
      return begin_client_tls({});
    case pg::StartupKind::kGssRequest: client_->write(as_bytes("N")); return;
    case pg::StartupKind::kCancelRequest: return begin_cancel(packet);
    case pg::StartupKind::kStartup: return begin_session(packet);
  }
}

void PostgresSession::begin_client_tls(Bytes already_read) {
  phase_ = Phase::kClientTls;
  std::vector<std::string> names = resource_->hosts;
  names.insert(names.end(), destination_.names.begin(), destination_.names.end());
  names.push_back(target_.ip());
  client_->start_tls_server(worker_.shared.tls_server, std::move(names), already_read);
}

void PostgresSession::begin_session(const pg::StartupPacket& packet) {
  handshake_->negotiation = pg::negotiate(packet);
  for (const pg::NameValue& parameter : packet.all()) {
    if (parameter.name.starts_with(pg::kProtocolOptionPrefix)) {
      handshake_->unknown_options.emplace_back(parameter.name);
    }
  }
  Result<pg::StartupRequest> request = pg::read_request(packet);
  if (!request.ok()) {
    set_where(nullptr, {}, {});
    return refuse(kInvalidAuthorization, "startup_parameter", request.error().message);
  }
  handshake_->request = std::move(request).value();
  const pg::StartupRequest& asked = handshake_->request;
  std::optional<policy::Login> names = policy::login_for(*resource_, asked.user, asked.database);
  set_where(&asked, names ? names->role : "", names ? names->database : "");
  if (!names) {
    return refuse(kInvalidAuthorization, "login_mapping",
                  "resource \"" + resource_->name + "\" has no login for user \"" + asked.user +
                      "\" and database \"" + asked.database + "\"",
                  "the operator can add one under its `logins`");
  }
  if (asked.replication && !resource_->replication) {
    return refuse(kNotPermitted, "replication",
                  "replication is not allowed on resource \"" + resource_->name + "\"",
                  "the operator can write `replication: true` there");
  }
  policy::Decision decision = policy_->decide_connect(worker_.shared.subject, *resource_);
  ruling_ = {decision, *policy_};
  if (decision.verdict != policy::Verdict::kAllow) {
    ++worker_.metrics.connects_denied;
    worker_.metrics.decided(decision);
    return refuse(kNotPermitted, "connect_denied",
                  "refused by rule \"" + std::string(decision.rule) + "\": " +
                      std::string(decision.reason),
                  std::string(decision.hint), &decision);
  }
  auto recorded = trail_.open(decision, *policy_);
  if (!recorded.ok()) return refuse(kDiskFull, "spool", recorded.error().message);
  opened_record_ = true;
  begin_upstream(asked, names->role, names->database);
}

void PostgresSession::begin_upstream(const pg::StartupRequest& request, const std::string& role,
                                     const std::string& database) {
  phase_ = Phase::kOpening;
  client_->pause();
  auto plan = std::make_shared<UpstreamPlan>();
  plan->policy = policy_;
  plan->resource = resource_;
  plan->address = target_;
  plan->role = role;
  plan->database = database;
  plan->settings = request.settings;
  plan->minor = handshake_->negotiation.minor;
  plan->read_only = policy_->read_only(worker_.shared.subject, *resource_);
  if (request.replication) plan->replication = request.replication_database ? "database" : "true";
  upstream_ = worker_.warm.take(plan);
  if (upstream_) return on_upstream_ready(nullptr);
  upstream_ = std::make_unique<PostgresUpstream>(worker_, std::move(plan));
  upstream_->open([this](const UpstreamFailure* failure) { on_upstream_ready(failure); });
}

void PostgresSession::on_upstream_ready(const UpstreamFailure* failure) {
  if (phase_ != Phase::kOpening) return;
  if (failure && await_rotation(*failure)) return;
  if (failure) {
    // The server's own refusal keeps its SQLSTATE; its text may name what the agent may not know.
    return refuse(failure->sqlstate.empty() ? kCannotConnect : failure->sqlstate, failure->word,
                  "cannot log in to resource \"" + resource_->name + "\": " + failure->message);
  }
  upstream_->set_user(this);
  place_ = upstream_->plan_ptr();
  greet();
  ScopeFacts facts;
  facts.policy = policy_;
  facts.resource = resource_->name;
  facts.database = upstream_->plan().database;
  facts.catalogue = worker_.catalogues.current(*place_);
  bool known = facts.catalogue != nullptr;
  facts.catalogue_missing = !known;
  facts.catalogue_matters = policy_->weighs_meaning(worker_.shared.subject, *resource_);
  bool awaited = !known && facts.catalogue_matters && upstream_->plan().replication.empty();
  if (!known && !facts.catalogue_matters) worker_.catalogues.refresh(*place_, this, [](auto) {});
  exchange_ = std::make_unique<PostgresExchange>(static_cast<PostgresExchange::Ports&>(*this), trail_, worker_.scopes,
                                                 worker_.shared.spool, worker_.metrics,
                                                 upstream_->settings(), std::move(facts),
                                                 upstream_->plan().read_only, limits_of(worker_));
  phase_ = Phase::kOpen;
  if (awaited) exchange_->await_catalogue();
  std::unique_ptr<Handshake> handshake = std::move(handshake_);
  client_->resume();
  Bytes early = handshake->gate.join({});
  if (!early.empty()) exchange_->on_client(early);
  after_client_turn();
}

// True while the refused login may yet be followed by one with a newer credential.
bool PostgresSession::await_rotation(const UpstreamFailure& failure) {
  if (failure.sqlstate != kInvalidPassword) return false;
  std::uint64_t now_ms = worker_.loop.now_ms();
  if (handshake_->retry_until_ms == 0) handshake_->retry_until_ms = now_ms + kRotationMs;
  if (now_ms >= handshake_->retry_until_ms) return false;
  handshake_->refused_credential = upstream_->credential_version();
  return true;
}

// By the sweep: the credential's files have changed since the server refused it, or they have not.
void PostgresSession::retry_login(std::uint64_t now_ms) {
  if (!handshake_ || handshake_->refused_credential.empty()) return;
  bool changed = credential_version(resource_->credential) != handshake_->refused_credential;
  if (!changed && now_ms < handshake_->retry_until_ms) return;
  handshake_->refused_credential.clear();
  if (!changed) {
    return refuse(kInvalidPassword, "login", "the server refuses the credential of resource \"" +
                  resource_->name + "\"", "the operator can renew its password_file");
  }
  upstream_ = std::make_unique<PostgresUpstream>(worker_, upstream_->plan_ptr());
  upstream_->open([this](const UpstreamFailure* failure) { on_upstream_ready(failure); });
}

// What a server says between login and the first command, in our own words where they are ours.
void PostgresSession::greet() {
  LoginResult& login = upstream_->login();
  std::string out;
  if (handshake_->negotiation.must_tell) {
    std::vector<std::string_view> unknown(handshake_->unknown_options.begin(),
                                          handshake_->unknown_options.end());
    pg::append_negotiate_protocol_version(out, handshake_->negotiation.minor, unknown);
  }
  pg::append_authentication_ok(out);
  for (const pg::Setting& parameter : login.parameters) {
    pg::append_parameter_status(out, parameter.name, parameter.value);
  }
  if (resource_->warm != policy::Warm::kReuse) login.parameters = {};  // nobody else is greeted by it
  CancelTarget cancel;
  cancel.resource = resource_->name;
  cancel.address = target_;
  cancel.upstream_pid = login.pid;
  cancel.upstream_secret = login.cancel_secret.view();
  CancelKey key = worker_.shared.cancels.add(std::move(cancel),
                                             handshake_->negotiation.minor >= 2 ? 32 : 4);
  cancel_pid_ = key.pid;
  pg::append_backend_key_data(out, key.pid, as_bytes(key.secret));
  pg::append_ready_for_query(out, pg::TransactionStatus::kIdle);
  client_->write(as_bytes(out));
  audit::Outcome outcome;
  outcome.duration_ns = mono_now_ns() - begun_ns_;
  audit::Event event;
  event.word = login.method;
  auto recorded = trail_.login(outcome, event);
  if (!recorded.ok()) worker_.loop.soon([] {});  // the next command meets the same spool and ends
}

// A cancel is a connection of its own. It can only name a session that this sidecar made.
void PostgresSession::begin_cancel(const pg::StartupPacket& packet) {
  set_where(nullptr, {}, {});
  auto target = worker_.shared.cancels.find(packet.cancel_pid, packet.cancel_secret);
  if (!target) return end("cancel_unknown", "no session has this key");
  policy::Decision decision = policy_->decide_connect(worker_.shared.subject, *resource_);
  if (decision.verdict != policy::Verdict::kAllow || target->resource != resource_->name) {
    return end("cancel_denied", "the policy does not allow this resource any more");
  }
  auto recorded = trail_.open(decision, *policy_);
  if (!recorded.ok()) return end("spool", recorded.error().message);
  opened_record_ = true;
  ++worker_.metrics.cancels;
  phase_ = Phase::kCancel;
  client_->pause();
  handshake_->cancel_link = std::make_unique<PostgresLink>(
      worker_, *resource_, target->address,
      [this, target = *target](net::StreamPtr stream, const LinkFailure* failure) {
        if (failure) {
          worker_.loop.soon([this, message = failure->message] { end("cancel_failed", message); });
          return;
        }
        std::string out;
        pg::append_cancel_request(out, target.upstream_pid, as_bytes(target.upstream_secret));
        stream->write(as_bytes(out));
        wipe_bytes(out.data(), out.size());
        stream->end();
        handshake_->cancel_stream = std::move(stream);
        // The client waits for our end to know that its cancel was delivered.
        worker_.loop.soon([this] { end("cancelled", "the cancel was passed on"); });
      });
}

void PostgresSession::set_where(const pg::StartupRequest* request, const std::string& role,
                                const std::string& database) {
  audit::Where where;
  std::string target = target_.to_string(), peer = client_->peer().to_string();
  std::string tls = client_->tls_description(), application;
  where.resource = resource_->name;
  where.protocol = Protocol::kPostgres;
  if (!resource_->hosts.empty()) where.target_name = resource_->hosts.front();
  where.target_address = target;
  where.client_address = peer;
  where.upstream_role = role;
  where.upstream_database = database;
  if (request) {
    where.client_user = request->user;
    where.client_database = request->database;
    application = setting(*request, "application_name");
    where.application_name = application;
  }
  where.client_tls = tls;
  trail_.set_where(where);
}

void PostgresSession::refuse(std::string_view sqlstate, std::string_view word,
                             const std::string& message, const std::string& hint,
                             const policy::Decision* ruled) {
  if (!opened_record_) {
    if (!trail_.has_where()) set_where(nullptr, {}, {});
    policy::Decision decision;
    decision.rule = ruled ? ruled->rule : word;
    decision.rule_index = ruled ? ruled->rule_index : 0;
    decision.reason = message;
    ++worker_.metrics.sessions_refused;
    auto recorded = trail_.denied(decision, *policy_, {word, {}});
    if (!recorded.ok()) ++worker_.metrics.records_missed;
    worker_.denials.add({wall_now_ns(),
                         view().id,
                         resource_->name,
                         target_.to_string(),
                         {decision, *policy_},
                         message,
                         "connect"});
  }
  end(word, message, encode_fatal(sqlstate, "chaperone: " + message, hint));
}

}  // namespace chaperone::session
