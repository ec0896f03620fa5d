#include "sidecar/session/opaque_session.h"

#include "proto-parsers/base/check.h"
#include "proto-parsers/tls/client_hello.h"
#include "sidecar/net/limits.h"
#include "sidecar/session/worker.h"

namespace chaperone::session {

namespace {

// What a record calls it; no resource of a policy can have such a name.
constexpr std::string_view kInbound = "inbound port";

net::Address on_loopback(const net::Address& address) {
  auto loopback = net::Address::parse(address.v4() ? "127.0.0.1" : "::1", address.port());
  CHECK(loopback.ok());
  return *loopback;
}

}  // namespace

OpaqueSession::OpaqueSession(Worker& worker, net::StreamPtr client,
                             const policy::Resource* resource, Destination destination,
                             std::optional<std::uint32_t> uid)
    : Swept(worker.loop), worker_(worker), policy_(worker.policy), resource_(resource),
      destination_(std::move(destination)), client_(std::move(client)), trail_(worker.shared.spool),
      begun_ns_(mono_now_ns()), accepted_ms_(worker.loop.now_ms()),
      active_ms_(accepted_ms_), by_name_(resource == nullptr) {
  client_->set_write_mark(worker.shared.config.limits.write_queue_bytes_max);
  client_->set_keep_alive(net::kKeepAliveIdleSeconds);
  trail_.set_who({&worker.shared.subject, uid});
  ++worker_.metrics.sessions_opened;
  ++worker_.metrics.sessions_open;
  ++worker_.metrics.opaque_sessions;
}

OpaqueSession::~OpaqueSession() {
  worker_.waiters.forget(this);
  --worker_.metrics.sessions_open;
}

void OpaqueSession::start() {
  client_->observe(this);  // reading begins; dial() pauses it until there is somewhere to go
  if (!by_name_) dial();
}

void OpaqueSession::start_inbound() {
  inbound_ = true;
  by_name_ = false;
  client_->observe(this);
  dial();
}

// Whether a port is open from outside was decided at admission; the policy is about what leaves.
policy::Decision OpaqueSession::decide() const {
  if (!inbound_)
    return policy_->decide_connect(worker_.shared.subject, *resource_, wall_now_ns() / 1'000'000'000);
  policy::Decision decision;
  decision.verdict = decision.would_be = policy::Verdict::kAllow;
  decision.rule = "default";
  decision.reason = "the operator opened the pod's declared ports";
  return decision;
}

void OpaqueSession::set_where() {
  audit::Where where;
  std::string target = target_.to_string(), peer = client_->peer().to_string();
  if (resource_) where.resource = resource_->name;
  if (inbound_) where.resource = kInbound;
  where.protocol = Protocol::kOpaque;
  where.target_name = name_;
  where.target_address = target;
  where.client_address = peer;
  trail_.set_where(where);
}

void OpaqueSession::hello_bytes(Bytes bytes) {
  held_.append(as_text(bytes));
  tls::ClientHelloParser parser;
  Step step = parser.next(as_bytes(held_));
  if (step.kind == StepKind::kNeedMore) return;
  const bool is_hello = step.kind == StepKind::kEvent;
  if (is_hello) {
    name_ = parser.event().server_name;
    resource_ = destination_.resource_by_sni(*policy_, name_);
  }
  if (!resource_) resource_ = policy_->unnamed();
  if (resource_) return dial();
  if (!is_hello) return deny("not_tls", "the connection does not begin with a TLS ClientHello that can be read");
  if (name_.empty()) return deny("no_sni", "the TLS ClientHello names no server");
  deny("unnamed", "no opaque resource of the policy names " + name_);
}

void OpaqueSession::dial() {
  set_where();
  policy::Decision decision = decide();
  worker_.metrics.decided(decision);
  ruling_ = {decision, *policy_};
  if (decision.verdict != policy::Verdict::kAllow) return deny("connect_denied", decision);
  auto recorded = trail_.open(decision, *policy_);
  if (!recorded.ok()) return deny("spool", recorded.error().message);
  opened_record_ = true;
  client_->pause();
  auto connect = [this] {
    dialer_ = std::make_unique<net::Dialer>(
        worker_.loop, inbound_ ? on_loopback(target_) : target_,
        worker_.shared.config.times.dial_ms,
        [this](Result<net::StreamPtr> stream) { dialled(std::move(stream)); });
  };
  if (decision.durability == policy::Durability::kProcess) return connect();
  worker_.shared.syncer.request();
  worker_.waiters.wait(this, *recorded, decision.durability, connect);
}

void OpaqueSession::dialled(Result<net::StreamPtr> stream) {
  if (ended_) return;
  if (!stream.ok()) return end("dial", stream.error().message);
  upstream_ = std::move(stream).value();
  upstream_->set_write_mark(worker_.shared.config.limits.write_queue_bytes_max);
  upstream_->set_keep_alive(net::kKeepAliveIdleSeconds);
  upstream_->observe(&upstream_observer_);
  if (!held_.empty()) upstream_->write(as_bytes(held_));
  std::string().swap(held_);
  client_->resume();
}

void OpaqueSession::on_bytes(Bytes bytes) {
  active_ms_ = worker_.loop.now_ms();
  bytes_from_client_ += bytes.size();
  if (ended_) return;
  if (!upstream_) {
    // Behind a judged hello the stream is paused, but what was read with it comes still.
    if (resource_) held_.append(as_text(bytes));
    else hello_bytes(bytes);
    return;
  }
  worker_.metrics.bytes_to_server += bytes.size();
  upstream_->write(bytes);
  if (upstream_->over_mark()) client_->pause();
}

void OpaqueSession::Upstream::on_bytes(Bytes bytes) {
  session.active_ms_ = session.worker_.loop.now_ms();
  session.bytes_to_client_ += bytes.size();
  session.worker_.metrics.bytes_to_client += bytes.size();
  session.client_->write(bytes);
  if (session.client_->over_mark()) session.upstream_->pause();
}

void OpaqueSession::on_end() {
  client_done_ = true;
  if (!upstream_) return end("client_closed", "the client left early");
  upstream_->end();
}

void OpaqueSession::Upstream::on_end() {
  session.upstream_done_ = true;
  session.client_->end();
}

void OpaqueSession::on_drained() { if (upstream_) upstream_->resume(); }
void OpaqueSession::Upstream::on_drained() { session.client_->resume(); }

void OpaqueSession::on_closed(const Error* why) {
  end("client_closed", why ? why->message : "both ends are done");
}

void OpaqueSession::Upstream::on_closed(const Error* why) {
  if (!why && !session.client_->closing()) return;  // both halves ended: the client's queue goes out
  session.end("upstream_closed", why ? why->message : "both ends are done");
}

void OpaqueSession::on_sweep(std::uint64_t now_ms) {
  const config::Times& times = worker_.shared.config.times;
  std::uint64_t idle_ms = now_ms - active_ms_;
  if (!upstream_ && now_ms - accepted_ms_ > times.login_ms) {
    if (opened_record_) return end("timeout", "the server was not reached within times.login");
    return deny("timeout",
                "no ClientHello within times.login (" + std::to_string(times.login_ms) + "ms)");
  }
  if (times.idle_ms != 0 && idle_ms > times.idle_ms) end("idle_timeout", "idle for too long");
}

void OpaqueSession::on_policy(std::shared_ptr<const policy::Policy> policy) {
  if (inbound_) {
    policy_ = std::move(policy);
    return;
  }
  const policy::Resource* now = by_name_ ? destination_.resource_by_sni(*policy, name_)
                                         : destination_.resource(*policy);
  if (!now) now = policy->unnamed();
  bool allowed = now && now->protocol == Protocol::kOpaque &&
                 policy->decide_connect(worker_.shared.subject, *now, wall_now_ns() / 1'000'000'000)
                         .verdict ==
                     policy::Verdict::kAllow;
  if (!allowed) return end("policy_changed", "the policy no longer allows this");
  resource_ = now;
  policy_ = std::move(policy);
}

SessionView OpaqueSession::view() const {
  SessionView view;
  view.kind = inbound_ ? "inbound" : "opaque";
  view.resource = resource_ ? resource_->name : "";
  view.client = client_ ? client_->peer().to_string() : "";
  view.target = target_.to_string();
  view.database = name_;
  view.state = upstream_ ? "open" : "opening";
  view.ruling = ruling_;
  return view;
}

void OpaqueSession::deny(std::string_view word, const std::string& reason) {
  policy::Decision decision;
  decision.rule = "default";
  decision.reason = reason;
  deny(word, decision);
}

void OpaqueSession::deny(std::string_view word, const policy::Decision& decision) {
  set_where();
  ruling_ = {decision, *policy_};
  const std::string reason(decision.reason);
  ++worker_.metrics.connects_denied;
  auto recorded = trail_.denied(decision, *policy_, {word, {}});
  if (!recorded.ok()) ++worker_.metrics.records_missed;
  worker_.denials.add({wall_now_ns(), {}, resource_ ? resource_->name : "", target_.to_string(),
                       ruling_, reason, "connect"});
  end(word, reason);
}

void OpaqueSession::end(std::string_view word, std::string_view detail) {
  if (std::exchange(ended_, true)) return;
  worker_.ended.add({wall_now_ns(), view(), std::string(word), std::string(detail)});
  dialer_.reset();
  worker_.waiters.forget(this);
  if (opened_record_) {
    audit::Outcome outcome;
    outcome.bytes_to_client = bytes_to_client_;
    outcome.bytes_from_client = bytes_from_client_;
    outcome.duration_ns = mono_now_ns() - begun_ns_;
    auto recorded = trail_.close(audit::RecordKind::kOpaqueClose, outcome, {word, detail});
    if (!recorded.ok()) ++worker_.metrics.records_missed;
  }
  client_->reset();
  if (upstream_) upstream_->reset();
  worker_.remove(*this);
}

}  // namespace chaperone::session
