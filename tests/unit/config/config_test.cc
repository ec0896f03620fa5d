#include "sidecar/config/sidecar_config.h"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <fstream>

#include "sidecar/config/yaml.h"

namespace chaperone::config {
namespace {

std::string nothing(std::string_view) { return {}; }

std::string error_of(const std::string& text) {
  auto config = parse_sidecar_config(text, "c.yaml", nothing);
  REQUIRE_FALSE(config.ok());
  return config.error().message;
}

// The indented block under "## Every key" in docs/configuration.md, so that it cannot rot.
std::string documented_example() {
  std::ifstream file(std::string(std::getenv("CHAPERONE_SOURCE_DIR")) + "/docs/configuration.md");
  std::string line, text;
  bool inside = false;
  while (std::getline(file, line)) {
    if (line == "```yaml")
      inside = true;
    else if (line == "```")
      inside = false;
    else if (inside)
      text += line + '\n';
  }
  return text;
}

TEST_CASE("config: defaults stand where nothing is said") {
  auto config = parse_sidecar_config("version: 1\n", "c.yaml", nothing);
  REQUIRE(config.ok());
  CHECK(config->listen.port == 19001);
  CHECK(config->listen.addresses == std::vector<std::string>{"127.0.0.1", "::1"});
  CHECK(config->workers == 1);
  CHECK(config->collector.url.empty());
}

TEST_CASE("config: the documented example is read whole") {
  auto config = parse_sidecar_config(documented_example(), "docs", nothing);
  INFO((config.ok() ? "" : config.error().message));
  REQUIRE(config.ok());
  CHECK(config->collector.url == "https://collector.chaperone.svc:8443");
  CHECK(config->subject.labels.at("app") == "report-writer");
  CHECK(config->times.drain_ms == 30000);
}

TEST_CASE("config: every mistake is named at its place, all at once") {
  CHECK(error_of("version: 1\nlisten:\n  prot: 1\n  port: 99999\nworkres: 2\n") ==
        "c.yaml:3:3: unknown key 'prot' in listen; did you mean 'port'?\n"
        "c.yaml:4:9: port is 99999: must be from 1 to 65535\n"
        "c.yaml:5:1: unknown key 'workres' in the configuration; did you mean 'workers'?");
  CHECK(error_of("listen: {}\n").find("needs the key 'version'") != std::string::npos);
  CHECK(error_of("version: 2\n").find("version is 2") != std::string::npos);
  CHECK(error_of("version: 1\npolicy_file: rel.yaml\n").find("absolute path") != std::string::npos);
  CHECK(error_of("version: 1\ntimes: {idle: 5}\n").find("write it as 500ms") != std::string::npos);
  CHECK(error_of("version: 1\nspool: {size_max: 1}\n").find("out of range") != std::string::npos);
  CHECK(error_of("version: 1\nspool: {size_max: 63MiB}\n").find("64MiB") != std::string::npos);
  CHECK(parse_sidecar_config("version: 1\nspool: {size_max: 64MiB}\n", "c.yaml", nothing).ok());
  CHECK(error_of("version: 1\nkey_age_max: 59m\n").find("1h at the least") != std::string::npos);
  CHECK(parse_sidecar_config("version: 1\nkey_age_max: 0s\n", "c.yaml", nothing).ok());
  CHECK(error_of("version: 1\nlisten: {addresses: [localhost]}\n").find("no IP address") !=
        std::string::npos);
  CHECK(error_of("version: 1\ncollector: {url: 'http://x'}\n").find("https://") !=
        std::string::npos);
  for (const char* bad : {"19090", "localhost:1", "::1:19090", "1.2.3.4:x", "[::1]"}) {
    CHECK(error_of(std::string("version: 1\nmetrics_address: '") + bad + "'\n")
              .find("metrics_address") != std::string::npos);
  }
}

TEST_CASE("config: each listener has a port of its own") {
  auto said = [](const std::string& more) { return error_of("version: 1\n" + more + "\n"); };
  CHECK(said("dns: {port: 19001}") ==
        "c.yaml:2:13: dns.port is listen.port too: each listener needs its own port");
  CHECK(said("metrics_address: 0.0.0.0:19001") ==
        "c.yaml:2:18: the port of metrics_address is listen.port too: each listener needs its own "
        "port");
  CHECK(said("metrics_address: '[::]:19053'").find("dns.port too") != std::string::npos);
  CHECK(said("probe_address: 0.0.0.0:19090")
            .find("c.yaml:2:16: the port of probe_address is the port of "
                  "metrics_address too") != std::string::npos);
  CHECK(said("listen: {port: 19053}").find("c.yaml:2:16: dns.port is listen.port") !=
        std::string::npos);
  CHECK(said("listen: {port: 19090}").find("c.yaml:2:16: the port of metrics_address") !=
        std::string::npos);
  CHECK(parse_sidecar_config("version: 1\nmetrics_address: ''\nlisten: {port: 19090}\n", "c.yaml",
                             nothing)
            .ok());
  CHECK(said("listen: {addresses: []}") ==
        "c.yaml:2:21: addresses lists nothing: nothing would listen");
  CHECK(said("listen: {addresses: ['::1', '::1']}") == "c.yaml:2:29: addresses lists '::1' twice");
}

TEST_CASE("config: the subject comes from the file, else from the environment") {
  auto environment = [](std::string_view name) -> std::string {
    return name == "CHAPERONE_POD" ? "pod-1" : name == "CHAPERONE_NAMESPACE" ? "agents" : "";
  };
  auto config =
      parse_sidecar_config("version: 1\nsubject: {namespace: other}\n", "c.yaml", environment);
  REQUIRE(config.ok());
  CHECK(config->subject.pod == "pod-1");
  CHECK(config->subject.pod_namespace == "other");
}

TEST_CASE("config: labels are those that the operator lists") {
  char path[] = "/tmp/chaperone-labels-XXXXXX";
  int fd = mkstemp(path);
  REQUIRE(fd >= 0);
  std::ofstream(path) << "app=\"a\\\"b\"\nsecret=\"x\"\nteam=\"data\"\n";
  auto config = parse_sidecar_config(
      "version: 1\nsubject: {labels_kept: [app, team], labels_file: " + std::string(path) + "}\n",
      "c.yaml", nothing);
  std::remove(path);
  close(fd);
  REQUIRE(config.ok());
  CHECK(config->subject.labels ==
        std::map<std::string, std::string>{{"app", "a\"b"}, {"team", "data"}});
}

TEST_CASE("config: a missing file and a folder are errors that name them") {
  CHECK(load_sidecar_config("/nonexistent/c.yaml").error().message.find("/nonexistent/c.yaml") ==
        0);
  CHECK(load_sidecar_config("/tmp").error().message.find("not a regular file") !=
        std::string::npos);
}

}  // namespace
}  // namespace chaperone::config
