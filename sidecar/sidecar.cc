#include "sidecar/sidecar.h"

#include <signal.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <functional>
#include <latch>
#include <list>
#include <thread>
#include <vector>

#include "proto-parsers/base/check.h"
#include "sidecar/admin/admin_server.h"
#include "sidecar/admin/hardening.h"
#include "sidecar/admin/http_server.h"
#include "sidecar/admin/metrics.h"
#include "sidecar/name_service.h"
#include "sidecar/net/file_watch.h"
#include "sidecar/net/listener.h"
#include "sidecar/net/timer.h"
#include "sidecar/opening.h"
#include "sidecar/own_records.h"
#include "sidecar/policy/loader.h"
#include "sidecar/probe/probe_server.h"
#include "sidecar/report.h"
#include "sidecar/session/acceptor.h"
#include "sidecar/session/trail.h"
#include "sidecar/session/worker.h"
#include "sidecar/ship/ship.h"

namespace chaperone {
namespace {

constexpr std::string_view kBuild = "chaperone-sidecar 0.1.0";
// How often a loop looks at what is neither per byte nor per message: warm connections, catalogues.
constexpr std::uint64_t kHousekeepingMs = 500;
// How often a sidecar that has a collector says that it lives: what a destroyed pod never sent is
// bounded by it, and the collector calls a writer silent after twelve of them.
constexpr std::uint64_t kHeartbeatMs = 10'000;
// Records wait at most this long for the disk where no command asked for it.
constexpr std::uint32_t kSyncIntervalMs = 200;
// The last part of the drain, for those that are cut and for the collector to take what is left: a
// quarter of it, and at most this.
constexpr std::uint32_t kFlushMs = 5000;
// Between two looks at whether the sessions of a drain have ended.
constexpr std::uint64_t kDrainLookMs = 50;

void say(const std::string& text) { std::fprintf(stderr, "chaperone-sidecar: %s\n", text.c_str()); }

// A loop with its worker and listener. The first belongs to the main thread.
struct LoopThread {
  net::Loop loop;
  std::unique_ptr<session::Worker> worker;
  std::unique_ptr<net::Listener> listener, inbound;
  std::unique_ptr<net::Timer> housekeeping;
  std::thread thread;
  bool drained = false;  // known on the loop's thread
};

}  // namespace

struct Sidecar::State {
  explicit State(config::SidecarConfig given) : config(std::move(given)) {}

  config::SidecarConfig config;
  std::shared_ptr<const policy::Policy> policy;
  std::unique_ptr<spool::Spool> spool;
  std::unique_ptr<net::TlsServer> tls_server;
  session::CancelRegistry cancels;
  std::atomic<std::size_t> sessions_open = 0;
  std::list<LoopThread> loops;  // before the syncer: its wake posts to them
  std::unique_ptr<spool::Syncer> syncer;
  std::unique_ptr<ship::Ship> ship;  // null: no collector, records stay in the spool
  std::unique_ptr<session::Shared> shared;
  dns::Bindings names;
  std::unique_ptr<NameService> name_service;  // null: no resolver is configured
  std::unique_ptr<admin::AdminServer> admin_server;
  std::unique_ptr<admin::HttpServer> http_server;
  std::unique_ptr<probe::ProbeServer> probe_server;  // null: agents have no probes
  std::unique_ptr<net::FileWatch> policy_watch;
  std::unique_ptr<net::Signals> signals;
  std::unique_ptr<net::Timer> tick, heartbeat, drain_timer;
  std::uint64_t cut_ms = 0, drain_until_ms = 0;  // as Loop::now_ms()
  std::atomic<std::size_t> loops_drained = 0;

  Result<void> open();
  Result<void> start_ship();
  Result<void> open_admin();
  void gather(std::function<void(const std::vector<LoopReport>&, const ProcessReport&)> done);
  ProcessReport process_report() const;
  Result<void> open_loop(LoopThread& loop);
  void on_all(std::function<void(session::Worker&)> work);
  void reload_policy();
  void record_event(audit::RecordKind kind, const audit::Event& event);
  void begin_drain(int signal_number);
  void look_at_drain();
  int run();
};

Result<void> Sidecar::State::open() {
  auto loaded = policy::load_policy(config.policy_file);
  if (!loaded.ok()) return loaded.error();
  policy = std::move(loaded).value();

  auto opened = open_spool(config, kBuild);
  if (!opened.ok()) return opened.error();
  spool = std::move(opened).value();

  auto server = open_trust(config);
  if (!server.ok()) return server.error();
  tls_server = std::move(server).value();

  for (std::uint32_t i = 0; i < config.workers; ++i) loops.emplace_back();
  if (auto ready = start_ship(); !ready.ok()) return ready;
  syncer = std::make_unique<spool::Syncer>(*spool, kSyncIntervalMs, [this] {
    on_all([](session::Worker& worker) { worker.on_durable(); });
    if (ship) ship->poke();
  });
  shared = std::make_unique<session::Shared>(session::Shared{
      config, config.subject, *spool, *syncer, cancels, *tls_server, sessions_open, names});
  for (LoopThread& loop : loops) {
    if (auto ready = open_loop(loop); !ready.ok()) return ready;
  }
  if (!config.dns.servers.empty()) {
    auto service = NameService::open(loops.front().loop, config, *spool, names, policy);
    if (!service.ok()) return service.error();
    name_service = std::move(service).value();
  }
  record_event(audit::RecordKind::kPolicyChange, {"loaded", config.policy_file});

  if (auto ready = open_admin(); !ready.ok()) return ready;
  net::Loop& first = loops.front().loop;
  policy_watch = std::make_unique<net::FileWatch>(first, config.policy_file, [this] { reload_policy(); });
  reload_policy();  // it may have changed since it was read, before anything watched it
  signals = std::make_unique<net::Signals>(first, std::initializer_list<int>{SIGTERM, SIGINT},
                                           [this](int number) { begin_drain(number); });
  tick = std::make_unique<net::Timer>(first, [this] {
    if (name_service) name_service->flush();
    auto ticked = spool->tick(session::wall_now_ns(), session::mono_now_ns());
    if (!ticked.ok()) say(ticked.error().message);
  });
  tick->start(kHousekeepingMs, kHousekeepingMs);
  heartbeat = std::make_unique<net::Timer>(first, [this] {
    gather([this](const std::vector<LoopReport>& reports, const ProcessReport& process) {
      record_heartbeat(*spool, config.subject, reports, process);
    });
  });
  if (ship) heartbeat->start(kHeartbeatMs, kHeartbeatMs);
  return {};
}

Result<void> Sidecar::State::start_ship() {
  if (config.collector.url.empty()) return {};
  ship::ShipOptions options;
  options.url = config.collector.url;
  options.ca_file = config.collector.ca_file;
  options.token_file = config.collector.token_file;
  options.key_age_max_ms = config.key_age_max_ms;
  options.tell = say;
  auto started = ship::Ship::start(*spool, options, [this] {
    on_all([](session::Worker& worker) { worker.on_durable(); });
  });
  if (!started.ok()) return started.error();
  ship = std::move(started).value();
  return {};
}

Result<void> Sidecar::State::open_loop(LoopThread& loop) {
  loop.worker = std::make_unique<session::Worker>(loop.loop, *shared, policy);
  net::ListenerOptions options;
  options.reuse_port = config.workers > 1;
  options.has_room = [this, worker = loop.worker.get()] {
    return !worker->draining && sessions_open < config.limits.connections_max;
  };
  options.on_refused = [worker = loop.worker.get()](const net::Address& peer) {
    session::note_no_room(*worker, peer);
  };
  auto inbound = open_inbound(*loop.worker, config, options);
  if (!inbound.ok()) return inbound.error();
  loop.inbound = std::move(inbound).value();
  auto listener = net::Listener::open(
      loop.loop, config.listen.addresses, config.listen.port, std::move(options),
      [worker = loop.worker.get()](net::StreamPtr stream) {
        session::accept_connection(*worker, std::move(stream));
      });
  if (!listener.ok()) return listener.error();
  loop.listener = std::move(listener).value();
  loop.housekeeping = std::make_unique<net::Timer>(loop.loop, [worker = loop.worker.get()] {
    std::uint64_t now_ms = worker->loop.now_ms();
    worker->warm.sweep(now_ms);
    worker->catalogues.sweep(now_ms);
    worker->on_durable();
  });
  loop.housekeeping->start(kHousekeepingMs, kHousekeepingMs);
  return {};
}

ProcessReport Sidecar::State::process_report() const {
  ProcessReport report;
  report.policy = policy;
  report.spool = spool->usage();
  report.appended = spool->appended().sequence;
  report.durable = spool->durable().sequence;
  report.acknowledged = spool->acknowledged().sequence;
  report.has_collector = ship != nullptr;
  if (ship) report.ship = ship->status();
  report.escapes = read_escapes(config.escape_counters_file);
  measure_cost(report);
  if (name_service) report.names = name_service->counters();
  report.bindings = names.size();
  report.build = kBuild;
  return report;
}

// Asks every loop on its own thread and answers on the first one's.
void Sidecar::State::gather(
    std::function<void(const std::vector<LoopReport>&, const ProcessReport&)> done) {
  auto reports = std::make_shared<std::vector<LoopReport>>();
  on_all([this, reports, done](session::Worker& worker) {
    loops.front().loop.post([this, reports, done, report = report_of(worker)] {
      reports->push_back(report);
      if (reports->size() == loops.size()) done(*reports, process_report());
    });
  });
}

Result<void> Sidecar::State::open_admin() {
  net::Loop& first = loops.front().loop;
  auto answer = [this](auto make) {
    return [this, make](const std::string&, admin::AdminReply reply) {
      gather([make, reply](const std::vector<LoopReport>& reports, const ProcessReport& process) {
        reply(make(reports, process));
      });
    };
  };
  std::map<std::string, admin::AdminCommand> commands;
  commands["status"] = answer(status_json);
  commands["sessions"] = answer([](const auto& reports, const auto&) { return sessions_json(reports); });
  commands["recent"] = answer([](const auto& reports, const auto&) { return recent_json(reports); });
  commands["denials"] = answer([](const auto& reports, const auto&) { return denials_json(reports); });
  if (!config.admin_socket.empty()) {
    auto opened = admin::AdminServer::open(first, config.admin_socket, std::move(commands));
    if (!opened.ok()) return opened.error();
    admin_server = std::move(opened).value();
  }
  auto probes = probe::ProbeServer::open(first, config.probe_address, config.probes);
  if (!probes.ok()) return probes.error();
  probe_server = std::move(probes).value();
  if (config.metrics_address.empty()) return {};
  std::map<std::string, admin::HttpHandler> routes;
  routes["/metrics"] = [this](admin::HttpReply reply) {
    gather([reply](const std::vector<LoopReport>& reports, const ProcessReport& process) {
      reply({200, std::string(admin::kMetricsType), metrics_text(reports, process)});
    });
  };
  routes["/healthz"] = [](admin::HttpReply reply) { reply({200, "text/plain", "alive\n"}); };
  routes["/readyz"] = [this](admin::HttpReply reply) {
    const char* why = drain_timer              ? "not ready: draining\n"
                      : syncer->failed()       ? "not ready: the disk failed a sync\n"
                      : spool->usage().full    ? "not ready: the spool is full, commands are refused\n"
                                               : nullptr;
    reply({why ? 503 : 200, "text/plain", why ? why : "ready\n"});
  };
  auto opened = admin::HttpServer::open(first, config.metrics_address, std::move(routes));
  if (!opened.ok()) return opened.error();
  http_server = std::move(opened).value();
  return {};
}

void Sidecar::State::on_all(std::function<void(session::Worker&)> work) {
  for (LoopThread& loop : loops) {
    // Looked up on the loop's own thread: other threads wake us before all loops are open.
    loop.loop.post([&loop, work] {
      if (loop.worker) work(*loop.worker);
    });
  }
}

// A policy that cannot be loaded never takes the place of one that could.
void Sidecar::State::reload_policy() {
  auto loaded = policy::load_policy(config.policy_file);
  if (!loaded.ok()) {
    say("the policy was not changed, the last good one stays in force:\n" + loaded.error().message);
    record_event(audit::RecordKind::kConfigError, {"policy", loaded.error().message});
    return;
  }
  if ((*loaded)->digest() == policy->digest()) return;
  policy = std::move(loaded).value();
  record_event(audit::RecordKind::kPolicyChange, {"reloaded", config.policy_file});
  say("policy reloaded: digest " + policy->digest());
  if (name_service) name_service->set_policy(policy);
  on_all([next = policy](session::Worker& worker) { worker.on_policy(next); });
}

void Sidecar::State::record_event(audit::RecordKind kind, const audit::Event& event) {
  auto recorded = chaperone::record_event(*spool, config.subject, *policy, kind, event);
  if (!recorded.ok()) say(recorded.error().message);
}

void Sidecar::State::begin_drain(int) {
  if (drain_timer) return;
  net::Loop& first = loops.front().loop;
  drain_until_ms = first.now_ms() + config.times.drain_ms;
  cut_ms = drain_until_ms - std::min<std::uint64_t>(config.times.drain_ms / 4, kFlushMs);
  say("draining: no new connections; sessions end when they come to rest");
  on_all([](session::Worker& worker) { worker.drain(); });
  drain_timer = std::make_unique<net::Timer>(first, [this] { look_at_drain(); });
  drain_timer->start(kDrainLookMs, kDrainLookMs);
}

void Sidecar::State::look_at_drain() {
  bool late = loops.front().loop.now_ms() > cut_ms;
  if (late) {
    on_all([](session::Worker& worker) {
      std::vector<session::Session*> live;
      for (const auto& [known, session] : worker.sessions) live.push_back(session.get());
      for (session::Session* session : live) session->kill("drain_deadline");
    });
  }
  for (LoopThread& loop : loops) {
    // One look may be left over when the loop has stopped; it comes when the worker is gone.
    loop.loop.post([this, &loop] {
      if (loop.drained || !loop.worker || !loop.worker->drained()) return;
      loop.drained = true;
      // The looks are the first loop's: it must not stop while another has sessions.
      if (++loops_drained < loops.size()) return;
      for (LoopThread& one : loops) one.loop.stop();
    });
  }
}

int Sidecar::State::run() {
  std::latch sealed(1);
  for (auto loop = std::next(loops.begin()); loop != loops.end(); ++loop) {
    loop->thread = std::thread([&one = *loop, &sealed] {
      sealed.wait();
      one.loop.run();
    });
  }
  Result<void> seal = admin::seal();
  if (!seal.ok()) {
    say(seal.error().message);
    for (LoopThread& loop : loops) loop.loop.stop();
  }
  sealed.count_down();
  say("ready: listening on port " + std::to_string(loops.front().listener->port()) +
      ", policy " + policy->digest().substr(0, 12));
  loops.front().loop.run();
  for (LoopThread& loop : loops) {
    if (loop.thread.joinable()) loop.thread.join();
  }
  syncer.reset();
  if (name_service) name_service->flush(true);
  auto closed = spool->close(session::wall_now_ns(), session::mono_now_ns());
  if (!closed.ok()) say(closed.error().message);
  std::uint64_t now_ms = net::Loop::now_ns() / 1'000'000;
  std::uint64_t left_ms = std::min<std::uint64_t>(std::max(drain_until_ms, now_ms) - now_ms, kFlushMs);
  if (ship && !ship->flush(static_cast<std::uint32_t>(left_ms))) {
    say("the collector did not take all records; they stay in the spool");
  }
  return closed.ok() && seal.ok() ? 0 : 1;
}

Sidecar::Sidecar(std::unique_ptr<State> state) : state_(std::move(state)) {}

Sidecar::~Sidecar() {
  state_->syncer.reset();
  state_->ship.reset();
  state_->drain_timer.reset();
  state_->admin_server.reset();
  state_->http_server.reset();
  state_->probe_server.reset();
  state_->tick.reset();
  state_->heartbeat.reset();
  state_->signals.reset();
  state_->policy_watch.reset();
  state_->name_service.reset();
  for (LoopThread& loop : state_->loops) {
    loop.housekeeping.reset();
    loop.listener.reset();
    loop.inbound.reset();
    loop.worker.reset();
    // One turn, so that connections which were told to go are gone.
    loop.loop.stop();
    loop.loop.run();
  }
}

Result<std::unique_ptr<Sidecar>> Sidecar::start(config::SidecarConfig config) {
  std::unique_ptr<Sidecar> sidecar(new Sidecar(std::make_unique<State>(std::move(config))));
  Result<void> opened = sidecar->state_->open();
  if (!opened.ok()) return opened.error();
  return sidecar;
}

int Sidecar::run() { return state_->run(); }

}  // namespace chaperone
