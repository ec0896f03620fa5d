#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "tests/unit/policy/builder.h"

namespace chaperone::policy {
namespace {

std::string error_of(const std::string& text) {
  auto policy = parse_policy(text, "p.yaml");
  REQUIRE_FALSE(policy.ok());
  return policy.error().message;
}

std::string rule_error(const std::string& rule) {
  return error_of(kResources + "rules:\n- " + rule + "\n");
}

bool has(const std::string& text, const std::string& part) {
  INFO(text);
  CHECK(text.find(part) != std::string::npos);
  return true;
}

TEST_CASE("loader: every mistake at its place, all at once") {
  CHECK(error_of(R"(version: 1
resorces: []
rules:
- name: a
  action: alow
  match: {efects: [read], effects: [raed]}
)") == "p.yaml:2:1: unknown key 'resorces' in the policy; did you mean 'resources'?\n"
       "p.yaml:5:11: action is 'alow': must be one of allow, hold, deny, observe; did you mean "
       "'allow'?\n"
       "p.yaml:6:11: unknown key 'efects' in match; did you mean 'effects'?\n"
       "p.yaml:6:37: an effect is 'raed': must be one of read, write, delete, define, drop, grant, "
       "run_code, export, import, session, lock, notify, listen, transaction, admin, replicate, "
       "maintain, describe, opaque, unknown, any; did you mean 'read'?");
}

TEST_CASE("loader: what would not do what it says is refused") {
  has(rule_error("{name: d, action: deny, match: {objects: [customers]}}"), "has no schema");
  has(rule_error("{name: d, action: deny, match: {columns: [customers.ssn]}}"), "has no schema");
  has(rule_error("{name: d, action: deny, match: {columns: [ssn]}}"), "is no column");
  has(rule_error("{name: d, action: deny, match: {objects: [\"tabel:public.x\"]}}"),
      "did you mean 'table'");
  has(rule_error("{name: a, action: allow, match: {risk: low}}"), "write risk_at_most");
  has(rule_error("{name: a, action: allow, observe: true}"), "action: observe");
  has(rule_error("{name: a, action: deny, durability: disk}"), "rules that allow");
  has(rule_error("{name: a, action: deny, except: {}}"), "empty except");
  has(rule_error("{name: a, action: deny, match: {resources: [ordres]}}"), "did you mean 'orders'");
  has(rule_error("{name: a, action: deny, match: {subject: nobody}}"), "is no name under subjects");
  has(rule_error("{name: a, action: deny, match: {subject: []}}"), "names nobody");
  has(rule_error("{name: a, action: deny, match: {objects: []}}"), "objects lists nothing");
  has(rule_error("{name: a, action: deny, match: {text: \"(\"}}"), "missing )");
  has(rule_error("{name: a, action: deny, match: {time: {zone: Europe/Berlin}}}"), "fixed offset");
  has(rule_error("{name: a, action: deny, match: {time: {hours: [8-18]}}}"), "08:00-18:00");
  has(rule_error("{name: a, action: deny, match: {time: {weekdays: [monday]}}}"),
      "must be one of mon");
  has(rule_error("{name: a, action: deny, match: {parameters: [{above: many}]}}"),
      "must be a number");
  has(rule_error("{name: default, action: deny}"), "is taken");
  has(rule_error("{name: \"a b\", action: deny}"), "use letters");
  has(rule_error("{name: a, action: deny, reason: \"x\\ny\"}"), "one line");
  has(rule_error("{action: deny}"), "needs the key 'name'");
  has(rule_error("{name: a}"), "needs the key 'action'");
  has(error_of(kResources + "rules:\n- {name: a, action: deny}\n- {name: a, action: allow}\n"),
      "here twice");
}

TEST_CASE("loader: a list that lists nothing asks nothing, which is not what it says") {
  for (const char* list :
       {"effects", "verbs", "objects", "columns", "functions", "row_bound", "text", "parameters"}) {
    INFO(list);
    for (const char* action : {"deny", "allow"}) {
      has(rule_error("{name: a, action: " + std::string(action) + ", match: {" + list + ": []}}"),
          "p.yaml:7:") &&
          has(rule_error("{name: a, action: deny, match: {" + std::string(list) + ": []}}"),
              std::string(list) + " lists nothing");
    }
  }
  has(rule_error("{name: a, action: deny, match: {effects: []}}"),
      "p.yaml:7:44: effects lists nothing");
  has(rule_error("{name: a, action: deny, match: {resources: []}}"), "resources lists nothing");
  has(rule_error("{name: a, action: deny, except: []}"), "except lists nothing");
  has(rule_error("{name: a, action: deny, match: {time: {hours: []}}}"), "hours lists nothing");
  has(rule_error("{name: a, action: deny, match: {time: {weekdays: []}}}"),
      "weekdays lists nothing");
  has(rule_error("{name: a, action: deny, match: {subject: {pods: []}}}"), "pods lists nothing");
  has(rule_error("{name: a, action: deny, match: {subject: {labels: {}}}}"),
      "labels lists nothing");
  has(rule_error("{name: a, action: allow, match: {subject: {}}}"), "subject asks nothing");
  for (const char* list : {"hosts", "addresses", "ports", "sni", "logins"}) {
    INFO(list);
    has(error_of("version: 1\nresources:\n- {name: a, protocol: opaque, " + std::string(list) +
                 ": []}\n"),
        std::string(list) + " lists nothing");
  }
}

TEST_CASE("loader: a thing listed twice is one of them mistyped") {
  has(rule_error("{name: a, action: deny, match: {effects: [read, write, read]}}"),
      "p.yaml:7:58: effects lists 'read' twice");
  has(rule_error("{name: a, action: deny, match: {verbs: [DROP, DROP]}}"), "twice");
  has(rule_error("{name: a, action: deny, match: {objects: [\"*.a\", \"*.a\"]}}"), "twice");
  has(rule_error("{name: a, action: deny, match: {subject: {pods: [a, a]}}}"), "twice");
  has(rule_error("{name: a, action: deny, match: {resources: [orders, orders]}}"), "twice");
}

TEST_CASE("loader: verbs that no statement has") {
  has(rule_error("{name: a, action: deny, match: {verbs: [DROP TABLES]}}"),
      "p.yaml:7:43: no statement has the verb 'DROP TABLES'; did you mean 'DROP TABLE'?");
  has(rule_error("{name: a, action: deny, match: {verbs: [\"*UPSERT\"]}}"), "no statement has");
  has(rule_error("{name: a, action: allow, match: {verbs: [drop]}}"), "write 'DROP *'");
  policy_with("rules:\n- {name: a, action: deny, match: {verbs: [drop, \"COPY *\", Select]}}\n");
  policy_with("rules:\n- {name: a, action: allow, match: {verbs: [DROP *, SET]}}\n");
}

TEST_CASE("loader: what can never fit") {
  auto match = [](const std::string& words) {
    return rule_error("{name: a, action: deny, match: {" + words + "}}");
  };
  has(match("effects: [read], risk: high"), "no effect is left");
  has(match("limit_above: 10, limit_at_most: 10"), "no limit is above this");
  has(match("parameters: [{above: 5, below: 5}]"), "no value is above this and below '5'");
  has(match("parameters: [{is_null: true, equals: 1}]"), "null has no value");
  has(match("parameters: [{equals: 1, in: [2]}]"), "list all values under in");
  has(match("objects: [public.a], columns: [public.b.c]"), "none of these is a column");
  has(match("objects: [\"function:public.b\"], columns: [public.b.c]"),
      "none of these is a column");
  has(match("effects: [drop], columns: [public.b.c]"), "columns are only read and written");
  has(match("objects: [public.cards.number]"), "a column goes under columns");
  has(match("columns: [\"table:public.cards.number\"]"), "columns take no kind");
  has(match("functions: [\"function:public.f\"]"), "functions take no kind: write 'public.f'");
  has(match("functions: [\"public.f()\"]"), "without arguments");
  has(match("objects: [\"role:\"]"), "an empty name");
  policy_with(R"(rules:
- {name: a, action: deny, match: {objects: ["table:public.*"], columns: ["*.b.c"]}}
- {name: b, action: deny, match: {effects: [write, drop], columns: [public.b.c]}}
- {name: c, action: allow, match: {objects: [public.a], columns: [public.b.c]}}
- {name: d, action: deny, match: {objects: ["setting:my.own.name", 'public."a.b"']}}
- {name: e, action: deny, match: {parameters: [{above: 5, below: 6, is_null: false}]}}
)");
}

TEST_CASE("loader: two patterns meet where some name fits both") {
  auto meet = [](const char* a, const char* b) {
    CHECK(Glob(a).meets(Glob(b)) == Glob(b).meets(Glob(a)));
    return Glob(a).meets(Glob(b));
  };
  CHECK(meet("public.a", "public.a"));
  CHECK(meet("public.*", "*.a"));
  CHECK(meet("a?c", "abc"));
  CHECK(meet("*", ""));
  CHECK(meet("a*b*c", "*ab*bc"));
  CHECK_FALSE(meet("public.a", "public.b"));
  CHECK_FALSE(meet("a*", "b*"));
  CHECK_FALSE(meet("*a", "*b"));
  CHECK_FALSE(meet("a??", "ab"));
  CHECK_FALSE(meet("", "?"));
}

TEST_CASE("loader: resources") {
  auto error = [](const std::string& resource) {
    return error_of("version: 1\nresources:\n- " + resource + "\n");
  };
  has(error("{name: a, protocol: postgres}"), "needs hosts or addresses");
  has(error("{name: a, protocol: postgres, addresses: [10.0.0.1]}"), "needs tls.ca_file");
  has(error("{name: a, protocol: postgres, addresses: [10.0.0.1], tls: {ca_file: /ca}}"),
      "needs hosts");
  has(error("{name: a, protocol: postgres, addresses: [10.0.0.1/8], tls: off}"),
      "no address or range");
  has(error("{name: a, protocol: postgre, addresses: [10.0.0.1], tls: off}"),
      "did you mean 'postgres'");
  has(error("{name: a, protocol: opaque, addresses: [10.0.0.1]}"), "needs ports");
  has(error("{name: a, protocol: opaque, ports: [1]}"), "needs hosts, addresses or sni");
  has(error("{name: a, protocol: opaque, ports: [1], sni: [\"*\"]}"), "is no name");
  has(error("{name: a, protocol: opaque, ports: [1], sni: [x], warm: off}"), "means nothing");
  has(error("{name: a, protocol: postgres, addresses: [10.0.0.1], tls: off, credential: {key_file: "
            "/k}}"),
      "go together");
  has(error("{name: a, protocol: opaque, addresses: [10.0.0.1], ports: [5432]}\n"
            "- {name: b, protocol: postgres, addresses: [10.0.0.1], tls: off}"),
      "same address and port");
}

TEST_CASE("loader: a resource whole") {
  auto policy = parse_policy(R"(version: 1
revision: r7
resources:
- name: db
  protocol: postgres
  hosts: [db.internal]
  addresses: [10.0.0.0/24]
  ports: [5432, 6432]
  tls: {mode: verify-ca, ca_file: /etc/ca.crt}
  credential: {user_file: /s/user, password_file: /s/password}
  logins: [{user: "*", role: app}]
  replication: true
  warm: {mode: reuse, max: 8, age: 2m}
)",
                             "p.yaml");
  REQUIRE(policy.ok());
  const Resource& db = (*policy)->resources()[0];
  CHECK((*policy)->revision() == "r7");
  CHECK(db.tls == UpstreamTls::kVerifyCa);
  CHECK(db.tls_name == "db.internal");
  CHECK(db.ports == std::vector<std::uint16_t>{5432, 6432});
  CHECK(db.credential.user_file == "/s/user");
  CHECK(db.warm == Warm::kReuse);
  CHECK(db.warm_max == 8);
  CHECK(db.warm_age_max_s == 120);
  CHECK(db.replication);
  CHECK(to_string(db.addresses[0]) == "10.0.0.0/24");
}

// docs/policy.md shows whole policies; each must be one.
TEST_CASE("loader: every policy of the reference is read whole") {
  std::ifstream file(std::string(std::getenv("CHAPERONE_SOURCE_DIR")) + "/docs/policy.md");
  std::string line, text;
  std::size_t policies = 0;
  bool inside = false;
  while (std::getline(file, line)) {
    if (line == "```yaml") {
      inside = true;
      text.clear();
    } else if (line == "```" && inside) {
      inside = false;
      if (text.find("resources:") == std::string::npos) continue;  // cases
      auto policy = parse_policy(text, "docs/policy.md");
      INFO((policy.ok() ? "" : policy.error().message));
      CHECK(policy.ok());
      ++policies;
    } else if (inside) {
      text += line + '\n';
    }
  }
  CHECK(policies == 2);
}

TEST_CASE("loader: the digest sees through layout") {
  auto digest = [](const std::string& text) { return (*parse_policy(text, "p")).get()->digest(); };
  CHECK(digest("version: 1\nrevision: a\n") == digest("# x\nrevision:   a\nversion: 1\n"));
  CHECK(digest("version: 1\nrevision: a\n") != digest("version: 1\nrevision: b\n"));
  CHECK(digest("version: 1\n").size() == 64);
}

TEST_CASE("loader: from a file, and a missing one is named") {
  char path[] = "/tmp/chaperone-policy-XXXXXX";
  int fd = mkstemp(path);
  REQUIRE(fd >= 0);
  std::ofstream(path) << kResources;
  auto policy = load_policy(path);
  std::remove(path);
  CHECK(policy.ok());
  auto missing = load_policy("/nonexistent/policy.yaml");
  REQUIRE_FALSE(missing.ok());
  has(missing.error().message, "/nonexistent/policy.yaml");
}

}  // namespace
}  // namespace chaperone::policy
