#include "sidecar/session/postgres_upstream.h"

#include "proto-parsers/postgres/encode.h"
#include "sidecar/net/limits.h"
#include "sidecar/session/credential.h"
#include "sidecar/session/gate.h"
#include "sidecar/session/text_encoding.h"
#include "sidecar/session/worker.h"

namespace chaperone::session {
namespace {

// Without a server that proved who it is, a password's proof must not be talked down to nothing.
LoginFloor floor_for(const policy::Resource& resource, bool has_password) {
  bool verified = resource.tls != policy::UpstreamTls::kOff;
  return has_password && !verified ? LoginFloor::kMd5 : LoginFloor::kAny;
}

}  // namespace

std::string UpstreamPlan::key() const {
  std::string key = resource->name;
  for (const std::string& part : {address.to_string(), role, database, std::to_string(minor),
                                  std::string(read_only ? "r" : "w"), replication,
                                  policy->digest()}) {
    key += '\0';
    key += part;
  }
  for (const pg::Setting& setting : settings) {
    key += '\0';
    key += setting.name;
    key += '=';
    key += setting.value;
  }
  return key;
}

struct PostgresUpstream::Opening {
  Ready ready;
  std::unique_ptr<PostgresLink> link;
  std::unique_ptr<UpstreamLogin> login;
  pg::BackendParser parser;
  Gate gate;
  std::unique_ptr<OwnQuery> query;
  std::unique_ptr<SettingsReader> reader;
};

PostgresUpstream::PostgresUpstream(Worker& worker, UpstreamPlanPtr plan)
    : worker_(worker), plan_(std::move(plan)), opening_(std::make_unique<Opening>()) {}

PostgresUpstream::~PostgresUpstream() = default;

void PostgresUpstream::open(Ready ready) {
  opening_->ready = std::move(ready);
  phase_ = Phase::kLinking;
  begun_ms_ = worker_.loop.now_ms();
  ++worker_.metrics.upstream_connects;
  opening_->link = std::make_unique<PostgresLink>(
      worker_, *plan_->resource, plan_->address,
      [this](net::StreamPtr stream, const LinkFailure* failure) { linked(std::move(stream), failure); });
}

void PostgresUpstream::linked(net::StreamPtr stream, const LinkFailure* failure) {
  if (failure) return fail(failure->word, failure->message);
  stream_ = std::move(stream);
  stream_->set_write_mark(worker_.shared.config.limits.write_queue_bytes_max);
  stream_->set_keep_alive(net::kKeepAliveIdleSeconds);
  begin_login();
}

void PostgresUpstream::begin_login() {
  const policy::Resource& resource = *plan_->resource;
  credential_version_ = session::credential_version(resource.credential);
  Result<ReadCredential> credential = read_credential(resource.credential);
  if (!credential.ok()) return fail("credential", credential.error().message);
  LoginPlan plan;
  plan.role = credential->user.empty() ? plan_->role : credential->user;
  plan.database = plan_->database;
  plan.settings = plan_->settings;
  if (plan_->read_only) plan.settings.push_back({"default_transaction_read_only", "on"});
  if (!plan_->replication.empty()) plan.settings.push_back({"replication", plan_->replication});
  plan.floor = floor_for(resource, !credential->password.empty());
  plan.password = std::move(credential->password);
  plan.minor = plan_->minor;
  plan.over_tls = stream_->secure();
  plan.end_point_hash = stream_->tls_server_end_point();
  phase_ = Phase::kLogin;
  opening_->login = std::make_unique<UpstreamLogin>(std::move(plan), &worker_.scram_cache);
  Result<std::string> start = opening_->login->start();
  if (!start.ok()) return fail("login", start.error().message);
  stream_->observe(this);
  stream_->write(as_bytes(*start));
}

void PostgresUpstream::login_bytes(Bytes bytes) {
  Bytes input = opening_->gate.join(bytes);
  std::size_t at = 0;
  std::string out;
  LoginStep outcome = LoginStep::kGoOn;
  while (outcome == LoginStep::kGoOn) {
    Step step = opening_->parser.next(input.subspan(at));
    if (step.kind == StepKind::kNeedMore) break;
    if (step.kind != StepKind::kEvent) return fail("login", "the server does not speak PostgreSQL");
    at += step.consumed;
    outcome = opening_->login->step(opening_->parser.event(), out);
  }
  opening_->gate.keep(input, at);
  if (!out.empty()) stream_->write(as_bytes(out));
  wipe_bytes(out.data(), out.size());
  if (outcome == LoginStep::kFailed) {
    ++worker_.metrics.upstream_login_failures;
    return fail("login", opening_->login->error().message, opening_->login->sqlstate());
  }
  if (outcome == LoginStep::kDone) begin_settings();
}

void PostgresUpstream::begin_settings() {
  login_result_ = opening_->login->take_result();
  opening_->login.reset();
  for (const pg::Setting& parameter : login_result_.parameters) {
    settings_.on_parameter_status(parameter.name, parameter.value);
  }
  phase_ = Phase::kSettings;
  if (!plan_->replication.empty()) return settings_bytes({});  // a walsender answers no SQL
  opening_->reader = std::make_unique<SettingsReader>(settings_);
  OwnQuery::Observer observer;
  observer.on_row = [this](const Row& row) { opening_->reader->row(row); };
  opening_->query = std::make_unique<OwnQuery>(std::move(observer));
  std::string out;
  pg::append_query(out, settings_query(false));
  stream_->write(as_bytes(out));
}

void PostgresUpstream::settings_bytes(Bytes bytes) {
  if (opening_->query) {
    std::size_t taken = 0;
    OwnQuery::State state = opening_->query->feed(bytes, taken);
    if (state == OwnQuery::State::kReading) return;
    if (state == OwnQuery::State::kBroken || !opening_->query->sqlstate().empty() ||
        taken != bytes.size()) {
      return fail("settings", "the server did not tell how it reads statements");
    }
    settings_ = opening_->reader->settings();
    if (!names_readable(settings_)) return fail("settings", std::string(kNamesUnreadable));
  }
  phase_ = Phase::kOpen;
  // `ready` may destroy this, and must not find itself destroyed while it runs.
  std::unique_ptr<Opening> opening = std::move(opening_);
  opening->ready(nullptr);
}

void PostgresUpstream::fail(std::string word, std::string message, std::string sqlstate) {
  phase_ = Phase::kClosed;
  if (!opening_) return;
  UpstreamFailure failure{std::move(word), std::move(message), std::move(sqlstate)};
  failed_ = std::move(opening_);
  if (stream_) stream_->close();
  // Never from within open() or a callback of the stream's own; and not at all where close() came
  // first, or this is gone: who wanted to know may be gone too.
  worker_.loop.soon([told = std::weak_ptr(failed_), failure = std::move(failure)] {
    if (std::shared_ptr<Opening> opening = told.lock()) opening->ready(&failure);
  });
}

void PostgresUpstream::close() {
  user_ = nullptr;
  opening_.reset();  // nobody is told any more: whoever opened it may be gone before its stream is
  failed_.reset();
  if (stream_ && phase_ == Phase::kOpen) {
    std::string out;
    pg::append_terminate(out);
    stream_->write(as_bytes(out));
    // An RST for what came behind the Terminate would take the socket away, and its port with it,
    // while the kernel's connection tracking goes on: an agent's dial from that port were refused.
    stream_->close_after_peer();
  } else if (stream_) {
    stream_->close_after_flush();
  }
  phase_ = Phase::kClosed;
}

void PostgresUpstream::on_bytes(Bytes bytes) {
  switch (phase_) {
    case Phase::kLogin: return login_bytes(bytes);
    case Phase::kSettings: return settings_bytes(bytes);
    case Phase::kOpen:
      if (user_) return user_->on_upstream_bytes(bytes);
      phase_ = Phase::kClosed;  // parked, and the server has something to say: an end, mostly
      return;
    default: return;
  }
}

void PostgresUpstream::on_end() {
  if (phase_ == Phase::kOpen && user_) return user_->on_upstream_closed(nullptr);
  fail("login", "the server ended the connection");
}

void PostgresUpstream::on_drained() {
  if (user_) user_->on_upstream_drained();
}

void PostgresUpstream::on_closed(const Error* why) {
  bool open = phase_ == Phase::kOpen;
  std::string message = why ? why->message : "the server closed the connection";
  if (open && user_) {
    phase_ = Phase::kClosed;
    return std::exchange(user_, nullptr)->on_upstream_closed(why);
  }
  fail("login", std::move(message));
}

}  // namespace chaperone::session
