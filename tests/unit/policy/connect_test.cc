#include <arpa/inet.h>
#include <sys/socket.h>

#include <cstring>

#include "tests/unit/policy/builder.h"

namespace chaperone::policy {
namespace {

using enum Verdict;

struct Place {
  sockaddr_storage storage{};
  Place(const char* address, std::uint16_t port) {
    if (std::strchr(address, ':')) {
      sockaddr_in6 v6{};
      v6.sin6_family = AF_INET6;
      v6.sin6_port = htons(port);
      REQUIRE(inet_pton(AF_INET6, address, &v6.sin6_addr) == 1);
      std::memcpy(&storage, &v6, sizeof v6);
    } else {
      sockaddr_in v4{};
      v4.sin_family = AF_INET;
      v4.sin_port = htons(port);
      REQUIRE(inet_pton(AF_INET, address, &v4.sin_addr) == 1);
      std::memcpy(&storage, &v4, sizeof v4);
    }
  }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

const std::string kPlaces = R"(version: 1
resources:
- {name: net, protocol: opaque, addresses: [10.0.0.0/8, "2001:db8::/32"], ports: [5432, 443]}
- {name: db, protocol: postgres, addresses: [10.1.2.3, "::1"], tls: off}
- {name: web, protocol: opaque, sni: [api.example.org, "*.Example.com"], ports: [443]}
- {name: six, protocol: opaque, addresses: ["::/0"], ports: [9]}
rules:
- {name: all, action: allow}
)";

std::string at(const Policy& policy, const char* address, std::uint16_t port) {
  const Resource* resource = policy.resource_at(Place(address, port).get());
  return resource ? resource->name : "";
}

TEST_CASE("connect: the narrowest range names the resource") {
  auto policy = *parse_policy(kPlaces, "p.yaml");
  CHECK(at(*policy, "10.1.2.3", 5432) == "db");
  CHECK(at(*policy, "10.1.2.4", 5432) == "net");
  CHECK(at(*policy, "::ffff:10.1.2.3", 5432) == "db");
  CHECK(at(*policy, "::1", 5432) == "db");
  CHECK(at(*policy, "2001:db8::7", 443) == "net");
  CHECK(at(*policy, "10.1.2.3", 22).empty());
  CHECK(at(*policy, "11.1.2.3", 5432).empty());
  CHECK(at(*policy, "11.1.2.3", 443).empty());
  CHECK(at(*policy, "11.1.2.3", 9).empty());
  CHECK(at(*policy, "2001::1", 9) == "six");
}

TEST_CASE("connect: names by SNI") {
  auto policy = *parse_policy(kPlaces, "p.yaml");
  Place web("93.184.216.34", 443), other("93.184.216.34", 80);
  CHECK(policy->reads_sni(web.get()));
  CHECK_FALSE(policy->reads_sni(other.get()));
  CHECK(policy->resource_by_sni("api.example.org", web.get()));
  CHECK(policy->resource_by_sni("a.b.example.com", web.get()));
  CHECK_FALSE(policy->resource_by_sni("example.com", web.get()));
  CHECK_FALSE(policy->resource_by_sni("xexample.com", web.get()));
  CHECK_FALSE(policy->resource_by_sni("api.example.org", other.get()));
}

TEST_CASE("connect: open where a rule may let the subject do anything") {
  auto connect = [](const std::string& rules, std::size_t resource = 0) {
    auto policy = policy_with(rules);
    return policy->decide_connect(agent(), policy->resources()[resource]).verdict;
  };
  CHECK(connect("") == kDeny);
  CHECK(connect("defaults: {action: allow}\n") == kAllow);
  const std::string orders =
      "rules:\n- {name: a, action: allow, match: {resources: [orders], text: [x]}}\n";
  CHECK(connect(orders) == kAllow);
  CHECK(connect(orders, 1) == kDeny);
  CHECK(connect(orders + "- {name: d, action: deny, match: {effects: [drop]}}\n") == kAllow);
  CHECK(connect(orders + "- {name: d, action: deny, match: {resources: [orders]}}\n") == kDeny);
  CHECK(connect(orders + "- {name: d, action: deny, except: {subject: {pods: [\"*\"]}}}\n") ==
        kAllow);
  CHECK(connect(orders + "- {name: d, action: deny, except: {subject: {pods: [no]}}}\n") == kDeny);
  CHECK(connect(orders + "- {name: d, action: deny, match: {time: {weekdays: [mon]}}}\n") ==
        kAllow);
  CHECK(connect(orders + "- {name: h, action: hold}\n") == kAllow);
}

TEST_CASE("connect: an opaque resource opens only to who may pass unread") {
  auto connect = [](const std::string& rules, std::optional<std::int64_t> now_s = {}) {
    auto policy = *parse_policy(
        "version: 1\nresources:\n- {name: o, protocol: opaque, addresses: [10.0.0.1], ports: [1]}\n"
        "rules:\n" +
            rules,
        "p.yaml");
    return policy->decide_connect(agent(), policy->resources()[0], now_s).verdict;
  };
  const std::string pass = "- {name: p, action: allow, match: {effects: [opaque]}}\n";
  CHECK(connect("- {name: r, action: allow, match: {effects: [read]}}\n") == kDeny);
  CHECK(connect(pass) == kAllow);
  CHECK(connect("- {name: all, action: allow}\n") == kAllow);
  CHECK(connect(pass + "- {name: d, action: deny, match: {risk: high}}\n") == kDeny);
  CHECK(connect(pass + "- {name: h, action: hold}\n") == kHold);
  const std::string day =
      "- {name: p, action: allow, match: {effects: [opaque], time: {hours: [\"08:00-18:00\"]}}}\n";
  CHECK(connect(day) == kDeny);
  CHECK(connect(day, 9 * 3600) == kAllow);
  CHECK(connect(day, 19 * 3600) == kDeny);
  const std::string night =
      pass + "- {name: n, action: deny, match: {time: {hours: [\"18:00-08:00\"]}}}\n";
  CHECK(connect(night) == kDeny);
  CHECK(connect(night, 9 * 3600) == kAllow);
}

TEST_CASE("connect: meaning is weighed but where every answer is the same") {
  auto weighs = [](const std::string& rules) {
    auto policy = policy_with("rules:\n" + rules);
    return policy->weighs_meaning(agent(), policy->resources()[0]);
  };
  const std::string all =
      "- {name: a, action: allow, match: {effects: [any, unknown]}, durability: collector}\n";
  CHECK_FALSE(weighs(all));
  CHECK_FALSE(weighs(all + "- {name: d, action: deny, match: {resources: [billing]}}\n"));
  CHECK(weighs(all + "- {name: d, action: deny, match: {text: [x]}}\n"));
  CHECK(weighs(all + "- {name: d, action: deny, observe: true, match: {effects: [drop]}}\n"));
  CHECK(weighs(all + "- {name: o, action: observe}\n"));
  CHECK(weighs("- {name: a, action: allow, match: {effects: [any]}, durability: collector}\n"));
  CHECK(weighs("- {name: a, action: allow, match: {effects: [any, unknown], functions: [f]}}\n"));
  // By default the durability hangs on the effects.
  CHECK(weighs("- {name: a, action: allow, match: {effects: [any, unknown]}}\n"));
  CHECK_FALSE(weighs("- {name: a, action: allow, match: {effects: [any, unknown]}, durability: disk}\n"));
}

TEST_CASE("connect: read only where nothing but reading can be allowed") {
  auto read_only = [](const std::string& rules) {
    auto policy = policy_with(rules);
    return policy->read_only(agent(), policy->resources()[0]);
  };
  const std::string read =
      "rules:\n- {name: r, action: allow, match: {effects: [read, session]}}\n";
  CHECK(read_only(read));
  CHECK(read_only(""));
  CHECK(read_only(read + "- {name: w, action: allow, match: {resources: [billing]}}\n"));
  CHECK_FALSE(
      read_only(read + "- {name: w, action: allow, match: {effects: [write], text: [x]}}\n"));
  CHECK_FALSE(read_only(read + "- {name: w, action: allow, match: {effects: [run_code]}}\n"));
  CHECK_FALSE(read_only(read + "- {name: w, action: observe}\n"));
  CHECK_FALSE(read_only(read + "observe: true\n"));
  CHECK_FALSE(read_only(read + "defaults: {action: allow}\n"));
}

TEST_CASE("connect: logins become what is written, the first that names both") {
  auto policy = parse_policy(R"(version: 1
resources:
- name: db
  protocol: postgres
  addresses: [10.0.0.1]
  tls: off
  logins:
  - {user: app, database: shop, role: shop_reader, to_database: shop_v2}
  - {user: app, role: app_role}
  - {user: "*", database: public, role: "*"}
)",
                             "p.yaml");
  REQUIRE(policy.ok());
  const Resource& resource = (*policy)->resources()[0];
  auto login = login_for(resource, "app", "shop");
  REQUIRE(login);
  CHECK(login->role == "shop_reader");
  CHECK(login->database == "shop_v2");
  CHECK(login_for(resource, "app", "x")->role == "app_role");
  CHECK(login_for(resource, "app", "x")->database == "x");
  CHECK(login_for(resource, "eve", "public")->role == "eve");
  CHECK_FALSE(login_for(resource, "eve", "shop"));
}

TEST_CASE("connect: observe at the top passes what nobody has named, and tells") {
  auto strict = *parse_policy(kPlaces, "p.yaml");
  CHECK(strict->unnamed() == nullptr);
  std::string text = kPlaces;
  auto trial = *parse_policy(text.replace(0, text.find('\n'), "version: 1\nobserve: true"), "p.yaml");
  REQUIRE(trial->unnamed());
  CHECK(at(*trial, "10.1.2.3", 5432) == "db");
  CHECK(at(*trial, "11.1.2.3", 853) == "unnamed");
  CHECK(at(*trial, "fd00::1", 22) == "unnamed");
  Decision decision = trial->decide_connect(agent(), *trial->unnamed(), 0);
  CHECK(decision.verdict == kAllow);
}

}  // namespace
}  // namespace chaperone::policy
