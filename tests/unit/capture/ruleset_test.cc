#include "sidecar/capture/nft_ruleset.h"

#include "sidecar/capture/backend.h"
#include "sidecar/capture/iptables_ruleset.h"

// After our headers: both have a CHECK.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <sstream>

using namespace chaperone::capture;

namespace {

Parameters typical() {
  Parameters parameters;
  parameters.resolvers4 = {"10.96.0.10"};
  parameters.resolvers6 = {"2001:db8::10"};
  parameters.devices = {"eth0"};
  parameters.inbound_ports = {8080};
  return parameters;
}

std::string golden(const std::string& name) {
  const char* root = std::getenv("CHAPERONE_SOURCE_DIR");
  REQUIRE(root != nullptr);
  std::ifstream file(std::string(root) + "/tests/golden/capture/" + name);
  REQUIRE(file.good());
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++found;
  }
  return found;
}

}  // namespace

TEST_CASE("the ruleset of a typical pod is what the golden files hold") {
  CHECK(dry_run_text(true, typical()) == golden("typical.nft"));
  CHECK(dry_run_text(false, typical()) == golden("typical.iptables"));
}

TEST_CASE("a pod with nothing declared has no rule for it") {
  Parameters bare;
  CHECK(dry_run_text(true, bare) == golden("bare.nft"));
  CHECK(dry_run_text(false, bare) == golden("bare.iptables"));
}

TEST_CASE("every parameter reaches the rules") {
  Parameters parameters = typical();
  parameters.sidecar_uid = 4001;
  parameters.sidecar_gid = 4002;
  parameters.ports = {4003, 4004, 4005, 4006, 4007};
  parameters.dials_max = 4008;
  parameters.devices = {"net1", "net2"};
  for (bool nft : {true, false}) {
    std::string text = dry_run_text(nft, parameters);
    for (int value = 4001; value <= 4008; ++value) {
      CHECK(text.find(std::to_string(value)) != std::string::npos);
    }
    CHECK(text.find("19337 -") == std::string::npos);
    CHECK(text.find('$') == std::string::npos);
  }
  CHECK(count(nft_ruleset(parameters), "devices = { \"net1\", \"net2\" }") == 1);
}

TEST_CASE("the self-test's rule is one line more and no other") {
  std::string final_rules = nft_ruleset(typical());
  std::string trial = nft_ruleset(typical(), 65532);
  CHECK(count(trial, "\n") == count(final_rules, "\n") + 1);
  CHECK(count(trial, "65532") == 1);
  CHECK(count(final_rules, "65532") == 0);
  for (Family family : {Family::V4, Family::V6}) {
    std::string closed = iptables_ruleset(typical(), family);
    std::string open = iptables_ruleset(typical(), family, 65532);
    CHECK(count(open, "\n") == count(closed, "\n") + 1);
    CHECK(count(closed, "65532") == 0);
  }
}

TEST_CASE("iptables tables come in the order that fails closed") {
  std::string text = iptables_ruleset(typical(), Family::V4);
  CHECK(text.find("*filter") < text.find("*mangle"));
  CHECK(text.find("*mangle") < text.find("*raw"));
  CHECK(text.find("*raw") < text.find("*nat"));
  std::string both = dry_run_text(false, typical());
  CHECK(both.find("# ip6tables-restore") < both.find("# iptables-restore"));
}
