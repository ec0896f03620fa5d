// Flags and nothing else: what runs is in sidecar.h.

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <thread>

#include "sidecar/admin/admin_server.h"
#include "sidecar/admin/explain.h"
#include "sidecar/admin/hardening.h"
#include "sidecar/check.h"
#include "sidecar/sidecar.h"

namespace {

int complain(const std::string& message) {
  std::fprintf(stderr, "chaperone-sidecar: %s\n", message.c_str());
  return 2;
}

int check(const chaperone::config::SidecarConfig& config, bool config_only) {
  auto checked = config_only ? chaperone::Result<void>() : chaperone::check_named_files(config);
  return checked.ok() ? 0 : complain(checked.error().message);
}

int serve(const std::string& config_file, bool check_alone, bool config_only) {
  auto config = chaperone::config::load_sidecar_config(config_file);
  if (!config.ok()) return complain(config.error().message);
  if (check_alone) return check(*config, config_only);
  auto given_up = chaperone::admin::give_up_privileges();
  if (!given_up.ok()) return complain(given_up.error().message);
  auto sidecar = chaperone::Sidecar::start(std::move(config).value());
  if (!sidecar.ok()) return complain(sidecar.error().message);
  return (*sidecar)->run();
}

// For what must not start before the sidecar serves: a hook that Kubernetes waits for, since its probes
// look once a second at most.
int await(const std::string& socket, unsigned seconds) {
  constexpr auto kBetweenLooks = std::chrono::milliseconds(20);
  auto until = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  while (true) {
    auto answer = chaperone::admin::ask(socket, "status");
    if (answer.ok()) return 0;
    if (std::chrono::steady_clock::now() > until) return complain(answer.error().message);
    std::this_thread::sleep_for(kBetweenLooks);
  }
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Chaperone's sidecar: judges and records what leaves the pod"};
  std::string config_file = "/etc/chaperone/sidecar.yaml";
  bool check = false, config_only = false;
  app.add_option("--config", config_file, "configuration (docs/configuration.md)");
  app.add_flag("--check", check,
               "check the configuration, the policy and the files that both name, say what is "
               "wrong, and end");
  app.add_flag("--config-only", config_only, "with --check: the configuration alone");

  CLI::App* explain = app.add_subcommand("explain", "ask the running sidecar");
  std::string socket = "/run/chaperone/admin.sock", question = "status";
  bool json = false;
  explain->add_option("question", question, "status, sessions, recent (those that ended) or denials")
      ->check(CLI::IsMember({"status", "sessions", "recent", "denials"}));
  explain->add_option("--socket", socket, "its admin_socket");
  explain->add_flag("--json", json, "for programs");

  CLI::App* waiting = app.add_subcommand("await", "wait until the running sidecar serves");
  unsigned seconds = 60;
  waiting->add_option("--socket", socket, "its admin_socket");
  waiting->add_option("--seconds", seconds, "then give up")->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  if (waiting->parsed()) return await(socket, seconds);
  if (explain->parsed()) return chaperone::admin::explain(socket, question, "{}", json);
  return serve(config_file, check, config_only);
}
