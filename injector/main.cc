// chaperone-injector: flags, wiring, run, drain.
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <ctime>
#include <mutex>
#include <optional>
#include <thread>

#include "injector/config.h"
#include "injector/keeper.h"
#include "injector/prove.h"
#include "injector/server.h"

namespace chaperone::injector {

namespace {
constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;

struct Flags {
  std::string config = "/etc/chaperone/injector.json";
  ServerOptions server;
  std::string certificate, key;
  std::string kube_api, kube_ca, kube_token;
  KeeperTerms keeper;
  std::int64_t poll_s = 5;
  int drain_s = 5;
  bool check = false;
};

int fail(const Error& error) {
  std::fprintf(stderr, "chaperone-injector: %s\n", error.message.c_str());
  return kExitFailed;
}

std::int64_t steady_s() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// The same work every few seconds, until it is over.
class Repeated {
 public:
  Repeated(std::int64_t every_s, std::function<void()> work)
      : thread_([this, every_s, work = std::move(work)] {
          std::unique_lock lock(mutex_);
          while (!ending_) {
            lock.unlock();
            work();
            lock.lock();
            wake_.wait_for(lock, std::chrono::seconds(every_s), [&] { return ending_; });
          }
        }) {}
  ~Repeated() {
    {
      std::lock_guard lock(mutex_);
      ending_ = true;
    }
    wake_.notify_all();
    thread_.join();
  }

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  bool ending_ = false;
  std::thread thread_;
};

// The same trouble is said once, not every time.
class Complaints {
 public:
  void hear(const Result<void>& result) {
    std::string now = result.ok() ? "" : result.error().message;
    if (!now.empty() && now != last_) std::fprintf(stderr, "chaperone-injector: %s\n", now.c_str());
    last_ = now;
  }

 private:
  std::string last_;
};

Result<std::unique_ptr<KubeApi>> kube_api(const Flags& flags) {
  auto place = flags.kube_api.empty() ? place_in_pod()
                                      : place_of(flags.kube_api, flags.kube_ca, flags.kube_token);
  if (!place) return place.error();
  return open_kube_api(*place);
}

// SIGTERM: no longer ready, then a while in which the cluster takes notice, then the end.
int run_until_told(Server& server, const Flags& flags, sigset_t signals,
                   std::function<void()> on_told) {
  std::thread waiting([&] {
    int number = 0;
    sigwait(&signals, &number);
    on_told();
    if (number == SIGTERM) std::this_thread::sleep_for(std::chrono::seconds(flags.drain_s));
    server.stop();
  });
  bool served = server.run();
  if (!served) ::kill(::getpid(), SIGINT);
  waiting.join();
  return served ? 0 : kExitFailed;
}

int serve(Flags& flags) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  auto config = load_config(flags.config);
  if (!config) return fail(config.error());
  if (flags.check) return 0;

  Metrics metrics;
  TlsKey key;
  Complaints complaints;
  std::atomic<bool> told = false;
  std::unique_ptr<KubeApi> api;
  std::unique_ptr<Keeper> keeper;
  bool files = !flags.certificate.empty();
  if (!files) {
    auto opened = kube_api(flags);
    if (!opened) return fail(opened.error());
    api = std::move(opened).value();
    keeper = std::make_unique<Keeper>(*api, flags.keeper, key, metrics);
  }
  auto ready = [&] { return !told && key.loaded() && (files || keeper->ready()); };
  auto server = Server::open(flags.server, *config, key, metrics, ready);
  if (!server) return fail(server.error());
  std::fprintf(stderr, "chaperone-injector: listening on %s, ports %d (TLS) and %d (metrics)\n",
               flags.server.host.c_str(), (*server)->port(), (*server)->metrics_port());
  std::optional<Repeated> looking;
  looking.emplace(flags.poll_s, [&] {
    auto looked = files ? key.load_files(flags.certificate, flags.key)
                        : keeper->look(std::time(nullptr), steady_s());
    if (!looked) metrics.on_keeper_error();
    complaints.hear(looked);
  });
  return run_until_told(**server, flags, signals, [&] {
    told = true;
    looking.reset();
    if (keeper) keeper->release();
  });
}

std::string host_name() {
  char name[256] = "";
  ::gethostname(name, sizeof name - 1);
  return name;
}

void declare(CLI::App& app, Flags& flags) {
  app.add_option("--config", flags.config, "what to inject (docs/admission.md)")
      ->capture_default_str();
  app.add_flag("--check", flags.check, "check the configuration, say what is wrong, and end");
  app.add_option("--listen", flags.server.host, "address to listen on")->capture_default_str();
  app.add_option("--port", flags.server.port, "for the API server, TLS")->capture_default_str();
  app.add_option("--metrics-port", flags.server.metrics_port, "metrics and health, without TLS")
      ->capture_default_str();
  app.add_option("--drain-seconds", flags.drain_s, "between SIGTERM and the end")
      ->capture_default_str();
  auto* certificate = app.add_option("--certificate", flags.certificate,
                                     "PEM file, read again when it changes; else it makes its own");
  app.add_option("--key", flags.key, "and its key")->needs(certificate);
  app.add_option("--namespace", flags.keeper.namespace_name, "of its Secret and Lease")
      ->envname("CHAPERONE_NAMESPACE")
      ->capture_default_str();
  app.add_option("--identity", flags.keeper.identity, "of this replica")
      ->envname("CHAPERONE_POD")
      ->capture_default_str();
  app.add_option("--secret", flags.keeper.secret, "where certificates are kept")
      ->capture_default_str();
  app.add_option("--webhooks", flags.keeper.webhooks, "name of the webhook configurations")
      ->capture_default_str();
  app.add_option("--name", flags.keeper.rotation.names,
                 "that the API server dials; may be repeated");
  app.add_option("--certificate-seconds", flags.keeper.rotation.life_s, "life of a certificate")
      ->capture_default_str();
  app.add_option("--settle-seconds", flags.keeper.rotation.settle_s,
                 "until every API server and replica has noticed a change")
      ->capture_default_str();
  app.add_option("--poll-seconds", flags.poll_s, "between two looks at Secret and configurations")
      ->capture_default_str()
      ->check(CLI::Range(1, 3600));
  app.add_option("--kube-api", flags.kube_api, "https://host:port; in a pod it is known");
  app.add_option("--kube-ca", flags.kube_ca, "the API server's CA, with --kube-api");
  app.add_option("--kube-token", flags.kube_token, "token file, with --kube-api");
}

int run(int argc, char** argv) {
  ::signal(SIGPIPE, SIG_IGN);
  std::string_view word = argc > 1 ? argv[1] : "";
  if (word == "prove" || word == "knock") return run_proof(argc, argv);
  CLI::App app{"Chaperone's injector: puts the sidecar into agents' pods, or says why it cannot"};
  Flags flags;
  flags.keeper.namespace_name = "chaperone";
  flags.keeper.webhooks = "chaperone-injector";
  flags.keeper.identity = host_name();
  declare(app, flags);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kExitUsage;
  }
  auto& names = flags.keeper.rotation.names;
  if (names.empty()) names = {"chaperone-injector." + flags.keeper.namespace_name + ".svc"};
  return serve(flags);
}
}  // namespace
}  // namespace chaperone::injector

int main(int argc, char** argv) { return chaperone::injector::run(argc, argv); }
