#pragma once
// What all sessions of one loop share. Everything here belongs to the loop's thread but the spool,
// the cancel registry and the pod's CA, which serve all loops.

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>

#include "proto-parsers/core/subject.h"
#include "sidecar/config/sidecar_config.h"
#include "sidecar/dns/bindings.h"
#include "sidecar/net/loop.h"
#include "sidecar/net/socket_owner.h"
#include "sidecar/net/tls.h"
#include "sidecar/policy/policy.h"
#include "sidecar/session/cancel_registry.h"
#include "sidecar/session/catalogue_store.h"
#include "sidecar/session/denial_log.h"
#include "sidecar/session/durability_waiters.h"
#include "sidecar/session/judge.h"
#include "sidecar/session/metrics_sink.h"
#include "sidecar/session/scram_cache.h"
#include "sidecar/session/session.h"
#include "sidecar/session/warm_pool.h"
#include "sidecar/spool/spool.h"
#include "sidecar/spool/syncer.h"

namespace chaperone::session {

// What `main` makes once for all loops; outlives every worker.
struct Shared {
  const config::SidecarConfig& config;
  const Subject& subject;
  spool::Spool& spool;
  spool::Syncer& syncer;
  CancelRegistry& cancels;
  net::TlsServer& tls_server;
  std::atomic<std::size_t>& sessions_open;  // of all loops
  const dns::Bindings& names;
};

struct Worker {
  Worker(net::Loop& loop_of_thread, Shared& shared_by_all,
         std::shared_ptr<const policy::Policy> first_policy);
  ~Worker();

  // A reload: live sessions are asked again, and end where the new policy no longer lets them be.
  void on_policy(std::shared_ptr<const policy::Policy> next);
  // The syncer has synced, or the collector has acknowledged.
  void on_durable();
  // No new sessions; those at rest end, the others when they come to rest.
  void drain();
  bool drained() const { return draining && sessions.empty(); }

  // The client context for a resource's TLS; kept as long as the worker, because streams use it.
  net::TlsClient& tls_client(const policy::Resource& resource);

  Session& add(std::unique_ptr<Session> session);
  // After the current callback: a session never dies under its own feet.
  void remove(Session& session);

  net::Loop& loop;
  Shared& shared;
  std::shared_ptr<const policy::Policy> policy;
  MetricsSink metrics;
  DenialLog denials;
  ConnectionLog ended;
  Scopes scopes;
  ScramCache scram_cache;
  net::SocketOwners owners;
  DurabilityWaiters waiters;
  CatalogueStore catalogues;
  WarmPool warm;
  std::unordered_map<const Session*, std::unique_ptr<Session>> sessions;
  std::map<std::string, std::unique_ptr<net::TlsClient>> tls_clients;
  std::size_t held_bytes = 0;  // by all sessions, see config::Limits
  bool draining = false;
};

}  // namespace chaperone::session
