#include "injector/config.h"

#include <catch2/catch.hpp>

namespace chaperone::injector {

TEST_CASE("a configuration says all its mistakes at once") {
  auto config = parse_config(R"({
    "initImage": "a", "sidecarImage": 7, "sidecarUid": 0, "resolver": [], "resolvers": [1],
    "allowed": {"csi": []},
    "policies": [{"name": "one", "default": "yes"}]})",
                             "injector.json");
  REQUIRE_FALSE(config.ok());
  const std::string& said = config.error().message;
  for (const char* part :
       {"injector.json: ", "sidecarImage must be a string", "sidecarImage is needed",
        "sidecarUid must be a user", "resolver is unknown", "resolvers[0] must be a string",
        "allowed.csi is unknown", "policies[0].default must be true or false",
        "policies[0].namespaces are needed"}) {
    INFO(said);
    CHECK(said.find(part) != std::string::npos);
  }
}

TEST_CASE("users of sidecar, init step and agents are three") {
  auto config = parse_config(
      R"({"initImage": "a", "sidecarImage": "b", "sidecarUid": 10001})", "injector.json");
  REQUIRE_FALSE(config.ok());
  CHECK(config.error().message.find("must all be different") != std::string::npos);
}

TEST_CASE("a configuration that is no object is refused") {
  for (const char* text : {"", "[]", "7", "{", "{\"a\": }"}) {
    CHECK_FALSE(parse_config(text, "injector.json").ok());
  }
}

}  // namespace chaperone::injector
