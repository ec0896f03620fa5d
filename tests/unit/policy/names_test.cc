#include "tests/unit/policy/builder.h"

using namespace chaperone::policy;

namespace {

const std::string kNames = R"(version: 1
resources:
- {name: db, protocol: postgres, hosts: [DB.example.org], tls: off}
- {name: web, protocol: opaque, sni: ["*.cdn.example.org"], ports: [443]}
- {name: inner, protocol: postgres, hosts: [db.shop.svc], addresses: [10.0.0.0/24], tls: off}
dns: {names: [pypi.example, "*.docs.example"], private: ["*.docs.example"], types: [A, TXT]}
)";

std::shared_ptr<const Policy> named(const std::string& text = kNames) {
  auto policy = parse_policy(text, "p.yaml");
  INFO((policy.ok() ? "" : policy.error().message));
  REQUIRE(policy.ok());
  return *policy;
}

std::array<std::uint8_t, 16> ten(std::uint8_t third) {
  return {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, third, 1};
}

std::string finding(const std::string& dns) {
  auto policy = parse_policy("version: 1\ndns: " + dns + "\n", "p.yaml");
  return policy.ok() ? "" : policy.error().message;
}

}  // namespace

TEST_CASE("names: those of resources and of the dns section, and no others") {
  auto policy = named();
  CHECK(policy->name_verdict("db.example.org").rule == "db");
  CHECK(policy->name_verdict("db.example.org").zone.empty());
  CHECK(policy->name_verdict("a.b.cdn.example.org").rule == "web");
  CHECK(policy->name_verdict("a.b.cdn.example.org").zone == "cdn.example.org");
  CHECK(policy->name_verdict("pypi.example").rule == "dns.names");
  for (const char* name : {"cdn.example.org", "xcdn.example.org", "x.pypi.example", "example.org",
                           "db.example.org.svc.cluster.local", ""}) {
    INFO(name);
    CHECK_FALSE(policy->name_verdict(name).allowed);
  }
}

TEST_CASE("names: under observe every name passes and is told") {
  auto policy = named("version: 1\nobserve: true\n");
  CHECK(policy->name_verdict("anything.example").allowed);
  CHECK(policy->name_verdict("anything.example").observed);
}

TEST_CASE("names: what is listed may be asked for, by default what finds services") {
  CHECK(named()->type_allowed(16));
  CHECK_FALSE(named()->type_allowed(28));
  auto plain = named("version: 1\n");
  for (int type : {1, 5, 12, 28, 33, 64, 65}) CHECK(plain->type_allowed(static_cast<std::uint16_t>(type)));
  for (int type : {10, 16, 252, 255, 2, 6}) CHECK_FALSE(plain->type_allowed(static_cast<std::uint16_t>(type)));
}

TEST_CASE("names: private addresses only where the policy gives them to the name") {
  auto policy = named();
  CHECK(policy->address_allowed("db.shop.svc", ten(0), true));
  CHECK_FALSE(policy->address_allowed("db.shop.svc", ten(1), true));
  CHECK_FALSE(policy->address_allowed("db.example.org", ten(0), true));
  CHECK(policy->address_allowed("x.docs.example", ten(7), true));
  CHECK_FALSE(policy->address_allowed("x.docs.example", ten(7), false));  // link-local and alike
}

TEST_CASE("names: a destination that was resolved has its resource") {
  auto policy = named();
  REQUIRE(policy->resource_by_name("db.example.org", 5432));
  CHECK(policy->resource_by_name("db.example.org", 5432)->name == "db");
  CHECK_FALSE(policy->resource_by_name("db.example.org", 22));
  CHECK_FALSE(policy->resource_by_name("a.cdn.example.org", 443));  // goes by SNI
}

TEST_CASE("names: mistakes are told") {
  CHECK(finding("{names: [\"*\"]}").find("is no name") != std::string::npos);
  CHECK(finding("{names: [\"a..b\"]}").find("is no name") != std::string::npos);
  CHECK(finding("{types: [AAAAA]}").find("is no record type") != std::string::npos);
  CHECK(finding("{nmaes: [a]}").find("did you mean 'names'") != std::string::npos);
}
