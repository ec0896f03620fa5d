// The example policies are read without a finding and do what the cases beside them say.

#include <cstdlib>
#include <filesystem>
#include <string>

#include "sidecar/policy/tool/tool.h"

#include <catch2/catch.hpp>

namespace chaperone::policy_tool {
namespace {

std::string examples() {
  return std::string(std::getenv("CHAPERONE_SOURCE_DIR")) + "/examples/policies";
}

TEST_CASE("examples: each policy is sound") {
  for (const char* name : {"analyst", "developer", "dba"}) {
    Output output = check(examples() + "/" + name + ".yaml", Format::kText);
    INFO(output.text);
    CHECK(output.exit_code == 0);
  }
}

TEST_CASE("examples: each policy does what its cases say") {
  Output output = test(examples(), Format::kText);
  INFO(output.text);
  CHECK(output.exit_code == 0);
}

}  // namespace
}  // namespace chaperone::policy_tool
