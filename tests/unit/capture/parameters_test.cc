#include "sidecar/capture/parameters.h"

#include <catch2/catch.hpp>

using namespace chaperone::capture;

TEST_CASE("defaults are valid") { CHECK(check(Parameters{}).ok()); }

TEST_CASE("resolvers are filed by family, in the kernel's spelling") {
  Parameters parameters;
  REQUIRE(add_resolver(parameters, "10.96.0.10").ok());
  REQUIRE(add_resolver(parameters, "2001:DB8:0::0010").ok());
  CHECK(parameters.resolvers4 == std::vector<std::string>{"10.96.0.10"});
  CHECK(parameters.resolvers6 == std::vector<std::string>{"2001:db8::10"});
  for (const char* wrong :
       {"", "dns.example", "10.0.0.1/8", "10.0.0.1 }", "fe80::1%eth0", "1.2.3"}) {
    CHECK_FALSE(add_resolver(parameters, wrong).ok());
  }
}

TEST_CASE("an address that is nobody's is no resolver") {
  for (const char* wrong : {"0.0.0.0", "0.1.2.3", "224.0.0.251", "255.255.255.255",
                            "::", "ff02::fb", "::ffff:10.0.0.1"}) {
    Parameters parameters;
    INFO(wrong);
    auto added = add_resolver(parameters, wrong);
    REQUIRE_FALSE(added.ok());
    CHECK(added.error().message.find("nobody's") != std::string::npos);
  }
}

TEST_CASE("dials stay below the listener's backlog") {
  Parameters parameters;
  for (unsigned wrong : {0U, kDialsMaxMost + 1, 100000U}) {
    parameters.dials_max = wrong;
    CHECK_FALSE(check(parameters).ok());
  }
  parameters.dials_max = kDialsMaxMost;
  CHECK(check(parameters).ok());
}

TEST_CASE("nothing that could change the text of a rule gets into one") {
  for (const char* device :
       {"", "lo", "a\"b", "eth0; flush ruleset", "a b", "a\nb", "a{", "sixteencharslong"}) {
    Parameters parameters;
    parameters.devices = {device};
    CHECK_FALSE(check(parameters).ok());
  }
  Parameters parameters;
  parameters.resolvers4 = {"1.2.3.4 }"};
  CHECK_FALSE(check(parameters).ok());
  parameters.resolvers4 = {"1.2.3.4", "1.2.3.4"};
  CHECK_FALSE(check(parameters).ok());
}

TEST_CASE("an identity that would exempt others is refused") {
  for (std::uint32_t id : {0U, UINT32_MAX}) {
    Parameters parameters;
    parameters.sidecar_uid = id;
    CHECK_FALSE(check(parameters).ok());
    parameters.sidecar_uid = 19337;
    parameters.sidecar_gid = id;
    CHECK_FALSE(check(parameters).ok());
  }
}

TEST_CASE("ports that collide are refused") {
  Parameters parameters;
  parameters.ports.dns = parameters.ports.outbound;
  CHECK_FALSE(check(parameters).ok());
  parameters.ports.dns = 53;
  CHECK_FALSE(check(parameters).ok());
  parameters.ports = Ports{};
  parameters.inbound_ports = {8080, 8080};
  CHECK_FALSE(check(parameters).ok());
  parameters.inbound_ports = {19006};
  CHECK_FALSE(check(parameters).ok());
  parameters.inbound_ports.assign(kInboundPortsMax + 1, 1);
  CHECK_FALSE(check(parameters).ok());
}
