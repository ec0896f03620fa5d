// Flags and nothing else: what runs is in sidecar.h.

#include <CLI/CLI.hpp>
#include <cstdio>

#include "sidecar/sidecar.h"

int main(int argc, char** argv) {
  CLI::App app{"Chaperone's sidecar: judges and records what leaves the pod"};
  std::string config_file = "/etc/chaperone/sidecar.yaml";
  bool check = false;
  app.add_option("--config", config_file, "configuration (docs/configuration.md)");
  app.add_flag("--check", check, "check the configuration, say what is wrong, and end");
  CLI11_PARSE(app, argc, argv);

  auto config = chaperone::config::load_sidecar_config(config_file);
  if (!config.ok()) {
    std::fprintf(stderr, "chaperone-sidecar: %s\n", config.error().message.c_str());
    return 2;
  }
  if (check) return 0;
  auto sidecar = chaperone::Sidecar::start(std::move(config).value());
  if (!sidecar.ok()) {
    std::fprintf(stderr, "chaperone-sidecar: %s\n", sidecar.error().message.c_str());
    return 2;
  }
  return (*sidecar)->run();
}
