#include "sidecar/session/worker.h"

#include <vector>

#include "sidecar/session/postgres_session.h"

namespace chaperone::session {

Worker::Worker(net::Loop& loop_of_thread, Shared& shared_by_all,
               std::shared_ptr<const policy::Policy> first_policy)
    : loop(loop_of_thread), shared(shared_by_all), policy(std::move(first_policy)),
      scopes(shared_by_all.subject), catalogues(*this), warm(*this) {
  catalogues.on_change = [this](const std::string& key,
                                std::shared_ptr<const sql::Catalogue> catalogue) {
    for (const auto& [known, session] : sessions) {
      if (auto* postgres = dynamic_cast<PostgresSession*>(session.get())) {
        postgres->on_catalogue_change(key, catalogue);
      }
    }
  };
}

Worker::~Worker() = default;

void Worker::on_policy(std::shared_ptr<const policy::Policy> next) {
  metrics.policy_ends(*policy);
  policy = std::move(next);
  warm.clear();
  scopes.clear();
  std::vector<Session*> live;
  for (const auto& [known, session] : sessions) live.push_back(session.get());
  for (Session* session : live) session->on_policy(policy);
  catalogues.on_policy(*policy);
}

void Worker::on_durable() {
  if (waiters.empty()) return;
  waiters.settle(shared.spool.durable(), shared.spool.acknowledged());
}

void Worker::drain() {
  draining = true;
  warm.clear();
  std::vector<Session*> live;
  for (const auto& [known, session] : sessions) live.push_back(session.get());
  for (Session* session : live) session->drain();
}

net::TlsClient& Worker::tls_client(const policy::Resource& resource) {
  bool full = resource.tls == policy::UpstreamTls::kVerifyFull;
  std::string key = resource.ca_file + '\0' + (full ? "full" : "ca") + '\0' +
                    resource.credential.certificate_file + '\0' + resource.credential.key_file;
  std::unique_ptr<net::TlsClient>& client = tls_clients[key];
  if (!client) {
    net::TlsClientOptions options;
    options.ca_file = resource.ca_file;
    options.verify = full ? net::TlsVerify::kFull : net::TlsVerify::kCa;
    options.certificate_file = resource.credential.certificate_file;
    options.key_file = resource.credential.key_file;
    client = std::make_unique<net::TlsClient>(std::move(options));
  }
  return *client;
}

Session& Worker::add(std::unique_ptr<Session> session) {
  Session& added = *session;
  sessions.emplace(&added, std::move(session));
  ++shared.sessions_open;
  return added;
}

void Worker::remove(Session& session) {
  loop.soon([this, dead = &session] { shared.sessions_open -= sessions.erase(dead); });
}

}  // namespace chaperone::session
