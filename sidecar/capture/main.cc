// chaperone-init: programs the kernel so that nothing leaves the pod but through the sidecar,
// proves it, and ends. Exit status 0: proved; 1: the pod must not start; 2: wrong flags.

#include <CLI/CLI.hpp>
#include <array>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <utility>

#include "sidecar/capture/backend.h"
#include "sidecar/capture/counter_watch.h"
#include "sidecar/capture/devices.h"
#include "sidecar/capture/init_step.h"
#include "sidecar/capture/user_ids.h"

namespace {

using chaperone::capture::BackendChoice;
using chaperone::capture::InitOptions;

constexpr int kExitRefused = 1;
constexpr int kExitUsage = 2;

struct Flags {
  InitOptions init;
  std::vector<std::string> resolvers;
  std::string counters;  // not empty: watch them, and touch no rule
  unsigned counters_every_s = 10;
  bool dry_run = false;
  bool no_l2 = false;
};

constexpr std::array<std::pair<std::string_view, BackendChoice>, 5> kBackends = {
    {{"auto", BackendChoice::Auto},
     {"nft", BackendChoice::Nft},
     {"iptables", BackendChoice::Iptables},
     {"iptables-nft", BackendChoice::IptablesNft},
     {"iptables-legacy", BackendChoice::IptablesLegacy}}};
constexpr const char* kBackendWords = "auto, nft, iptables, iptables-nft, iptables-legacy";

void choose_backend(const std::string& word, BackendChoice& choice) {
  for (const auto& [name, value] : kBackends) {
    if (name == word) return void(choice = value);
  }
  throw CLI::ValidationError("--backend", "'" + word + "' is none of " + kBackendWords);
}

// A whole number within the range, told as a person would.
CLI::Validator whole_number(std::uint64_t min, std::uint64_t max) {
  return {[min, max](std::string& text) {
            std::uint64_t value = 0;
            const char* last = text.data() + text.size();
            auto [end, error] = std::from_chars(text.data(), last, value);
            if (error == std::errc{} && end == last && value >= min && value <= max) {
              return std::string();
            }
            return "'" + text + "' is no whole number from " + std::to_string(min) + " to " +
                   std::to_string(max);
          },
          ""};
}
CLI::Validator port() { return whole_number(1, 65535); }

void declare(CLI::App& app, Flags& flags) {
  auto& parameters = flags.init.parameters;
  app.add_option_function<std::string>(
      "--backend", [&flags](const std::string& word) { choose_backend(word, flags.init.backend); },
      kBackendWords);
  app.add_option("--sidecar-uid", parameters.sidecar_uid, "the exempt user")
      ->capture_default_str()
      ->check(whole_number(1, UINT32_MAX - 1));
  app.add_option("--sidecar-gid", parameters.sidecar_gid, "and group; both must match")
      ->capture_default_str()
      ->check(whole_number(1, UINT32_MAX - 1));
  app.add_option("--resolver", flags.resolvers, "the sidecar's upstream resolver; may be repeated");
  app.add_option(
      "--device", parameters.devices,
      "guard this device against packet sockets; may be repeated (default: all that are up)");
  app.add_option(
         "--inbound-port", parameters.inbound_ports,
         "a TCP port of the pod to be reached from outside, through the sidecar; may be repeated")
      ->check(port());
  app.add_option("--outbound-listener", parameters.ports.outbound, "the sidecar's TCP port")
      ->capture_default_str()
      ->check(port());
  app.add_option("--inbound-listener", parameters.ports.inbound, "its port for inbound traffic")
      ->capture_default_str()
      ->check(port());
  app.add_option("--probe-listener", parameters.ports.probe, "its port for the kubelet's probes")
      ->capture_default_str()
      ->check(port());
  app.add_option("--dns-listener", parameters.ports.dns, "its DNS port")
      ->capture_default_str()
      ->check(port());
  app.add_option("--metrics-listener", parameters.ports.metrics, "its metrics port")
      ->capture_default_str()
      ->check(port());
  app.add_option("--dials-max", parameters.dials_max,
                 "open connections of one agent UID; below the listener's backlog")
      ->capture_default_str()
      ->check(whole_number(1, chaperone::capture::kDialsMaxMost));
  app.add_flag("--no-l2-guard", flags.no_l2, "do not load the layer-2 table");
  app.add_option(
      "--counters", flags.counters,
      "change nothing: write the escape counters to this file for the sidecar, for ever");
  app.add_option("--counters-every", flags.counters_every_s, "seconds between two looks")
      ->capture_default_str()
      ->check(CLI::Range(1, 3600));
  app.add_flag("--dry-run", flags.dry_run, "print the rules and change nothing");
}

int fail(int status, const std::string& message) {
  std::fprintf(stderr, "chaperone-init: %s\n", message.c_str());
  return status;
}

int print_rules(Flags& flags) {
  auto& parameters = flags.init.parameters;
  bool nft = flags.init.backend == BackendChoice::Auto || flags.init.backend == BackendChoice::Nft;
  if (parameters.devices.empty()) parameters.devices = chaperone::capture::active_devices();
  if (flags.no_l2) parameters.devices.clear();
  parameters.last_uid = chaperone::capture::last_uid_here();
  if (auto valid = chaperone::capture::check(parameters); !valid) {
    return fail(kExitUsage, valid.error().message);
  }
  if (auto there = chaperone::capture::check_devices(parameters.devices); !there) {
    return fail(kExitRefused, there.error().message);
  }
  std::fputs(chaperone::capture::dry_run_text(nft, parameters).c_str(), stdout);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // a helper that ends early is an error, not our end
  CLI::App app(
      "Programs the pod's packet filter so that all traffic passes the Chaperone sidecar.");
  Flags flags;
  declare(app, flags);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kExitUsage;
  }
  for (const std::string& resolver : flags.resolvers) {
    auto added = chaperone::capture::add_resolver(flags.init.parameters, resolver);
    if (!added) return fail(kExitUsage, added.error().message);
  }
  flags.init.guard_l2 = !flags.no_l2;
  if (flags.dry_run) return print_rules(flags);
  auto say = [](std::string_view line) {
    std::fprintf(stderr, "chaperone-init: %.*s\n", static_cast<int>(line.size()), line.data());
  };
  auto done = flags.counters.empty()
                  ? chaperone::capture::run_init_step(flags.init, say)
                  : chaperone::capture::watch_counters(flags.counters, flags.counters_every_s, say);
  return done ? 0 : fail(kExitRefused, done.error().message);
}
