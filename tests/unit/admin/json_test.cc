#include "sidecar/admin/json.h"

#include <string>

#include "proto-parsers/base/json_depth.h"
#include "sidecar/admin/explain.h"
#include "sidecar/admin/limits.h"

#include <catch2/catch.hpp>  // last: its CHECK is the test's

using namespace chaperone;

namespace {

std::string nested(std::size_t levels) {
  return std::string(levels, '[') + std::string(levels, ']');
}

}  // namespace

TEST_CASE("the depth of JSON is told before it is read") {
  CHECK(json_nests_within("", 0));
  CHECK(json_nests_within(nested(3), 3));
  CHECK_FALSE(json_nests_within(nested(4), 3));
  CHECK(json_nests_within(R"({"a": [1], "b": [2]})", 2));
  CHECK_FALSE(json_nests_within(R"({"a": [{}]})", 2));
  CHECK(json_nests_within(R"(["[[[", "\"[[["])", 1));
  CHECK_FALSE(json_nests_within("]]]" + nested(2), 1));
}

TEST_CASE("JSON that nests without end is refused, and takes no stack") {
  std::string endless(1'000'000, '[');
  CHECK_FALSE(admin::parse_admin_request(endless).ok());
  CHECK_FALSE(admin::parse_admin_reply(endless).ok());
  CHECK_FALSE(admin::as_tables(endless).ok());
  CHECK_FALSE(admin::as_tables(nested(admin::kJsonDepthMax + 1)).ok());
  CHECK(admin::as_tables(nested(admin::kJsonDepthMax)).ok());
}
