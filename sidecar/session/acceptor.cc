#include "sidecar/session/acceptor.h"

#include <utility>

#include "sidecar/session/opaque_session.h"
#include "sidecar/session/postgres_refusal.h"
#include "sidecar/session/postgres_session.h"

namespace chaperone::session {
namespace {

void refuse(Worker& worker, net::StreamPtr stream, const net::Address& target,
            std::optional<std::uint32_t> uid, std::string_view word, const std::string& reason) {
  Trail trail(worker.shared.spool);
  trail.set_who({&worker.shared.subject, uid});
  audit::Where where;
  std::string target_text = target.to_string(), peer = stream->peer().to_string();
  where.target_address = target_text;
  where.client_address = peer;
  trail.set_where(where);
  policy::Decision decision;
  decision.rule = "default";
  decision.reason = reason;
  ++worker.metrics.connects_denied;
  auto recorded = trail.denied(decision, *worker.policy, {word, {}});
  if (!recorded.ok()) ++worker.metrics.records_missed;
  worker.denials.add({wall_now_ns(), {}, {}, target_text, {decision, *worker.policy}, reason, "connect"});
  stream->reset();
}

}  // namespace

void note_no_room(Worker& worker, const net::Address& peer) {
  std::string why = over_limit(worker.shared.sessions_open + 1, "connections",
                               "limits.connections_max", worker.shared.config.limits.connections_max);
  if (worker.draining) why = "the sidecar drains, and takes no more connections";
  ++worker.metrics.sessions_refused;
  worker.denials.add({wall_now_ns(), {}, {}, peer.to_string(),
                      Ruling(worker.draining ? "drain" : "limits"), why, "connect"});
}

void accept_connection(Worker& worker, net::StreamPtr stream) {
  Result<net::OriginalDestination> asked = stream->original_destination();
  if (!asked.ok() || asked->direct) {
    return refuse(worker, std::move(stream), asked.ok() ? asked->address : net::Address(),
                  std::nullopt, "not_redirected", "the connection was made to the sidecar's own port");
  }
  const net::Address& target = asked->address;
  Destination destination{target, worker.shared.names.names_of(target.bytes(), worker.loop.now_ms())};
  std::optional<std::uint32_t> uid = worker.owners.uid_of(stream->peer(), target);
  const policy::Resource* resource = destination.resource(*worker.policy);
  // A name says more than "unnamed", where there is one to be read.
  if (resource && resource->everywhere && destination.reads_sni(*worker.policy)) resource = nullptr;
  if (resource && resource->protocol == Protocol::kPostgres) {
    auto session = std::make_unique<PostgresSession>(worker, std::move(stream), *resource, std::move(destination), uid);
    PostgresSession& started = *session;
    worker.add(std::move(session));
    return started.start();
  }
  if (!resource && !destination.reads_sni(*worker.policy)) {
    return refuse(worker, std::move(stream), target, uid, "unnamed",
                  "no resource of the policy names " + target.to_string());
  }
  auto session = std::make_unique<OpaqueSession>(worker, std::move(stream), resource, std::move(destination), uid);
  OpaqueSession& started = *session;
  worker.add(std::move(session));
  started.start();
}

void accept_inbound(Worker& worker, net::StreamPtr stream) {
  Result<net::OriginalDestination> asked = stream->original_destination();
  if (!asked.ok() || asked->direct) {
    return refuse(worker, std::move(stream), asked.ok() ? asked->address : net::Address(),
                  std::nullopt, "not_redirected", "the connection was made to the sidecar's own port");
  }
  auto session = std::make_unique<OpaqueSession>(worker, std::move(stream), nullptr,
                                                 Destination{asked->address, {}}, std::nullopt);
  OpaqueSession& started = *session;
  worker.add(std::move(session));
  started.start_inbound();
}

}  // namespace chaperone::session
