#include "sidecar/policy/tool/tool.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>

namespace chaperone::policy_tool {
namespace {

// A folder of files for one test, removed with it.
class Folder {
 public:
  Folder() {
    char path[] = "/tmp/chaperone-tool-XXXXXX";
    REQUIRE(mkdtemp(path));
    path_ = path;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string put(const std::string& name, const std::string& text) {
    std::ofstream(path_ + "/" + name) << text;
    return path_ + "/" + name;
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

const std::string kPolicy = R"(version: 1
revision: r1
resources:
- {name: db, protocol: postgres, addresses: [10.0.0.1], tls: off}
rules:
- {name: read, action: allow, match: {effects: [read], objects: ["public.*"]}}
- {name: no-drop, action: deny, match: {effects: [drop]}, reason: Tables stay., hint: Ask.}
- {name: night, action: deny, match: {time: {hours: ["22:00-06:00"]}}}
- {name: other, action: deny, match: {subject: {pods: [x]}}}
)";

bool has(const std::string& text, const std::string& part) {
  INFO(text);
  bool found = text.find(part) != std::string::npos;
  CHECK(found);
  return found;
}

TEST_CASE("tool: a policy without cases beside it says so") {
  Folder folder;
  std::string path = folder.put("policy.yaml", kPolicy);
  Output missing = test(path, Format::kText);
  CHECK(missing.exit_code == 2);
  has(missing.text, folder.path() + "/policy.test.yaml, and there is no such file");
  std::string cases = folder.put("others.yaml",
                                 "version: 1\npolicy: policy.yaml\nresource: db\n"
                                 "cases:\n- {statement: SELECT 1, at: \"2026-01-05T12:00:00Z\", expect: allow}\n");
  CHECK(test(cases, Format::kText).exit_code == 0);
}

TEST_CASE("tool: check says what a policy holds, or every finding") {
  Folder folder;
  std::string path = folder.put("p.yaml", kPolicy);
  Output good = check(path, Format::kText);
  CHECK(good.exit_code == 0);
  has(good.text, path + ": ok, 1 resource, 4 rules, revision r1\n");
  has(good.text, "note: resource db: no TLS upstream");
  has(check(path, Format::kJson).text, "\"ok\":true");
  std::string broken = folder.put("b.yaml", "version: 1\nrulse: []\nresource: []\n");
  Output bad = check(broken, Format::kText);
  CHECK(bad.exit_code == 1);
  has(bad.text, "b.yaml:2:1: unknown key 'rulse' in the policy; did you mean 'rules'?\n");
  has(bad.text, "b.yaml:3:1:");
  has(check(broken, Format::kJson).text, "\"findings\"");
  CHECK(check(folder.path() + "/none.yaml", Format::kText).exit_code == 1);
}

TEST_CASE("tool: test runs the cases beside a policy and shows what failed") {
  Folder folder;
  std::string policy = folder.put("p.yaml", kPolicy);
  folder.put("p.test.yaml", R"(version: 1
policy: p.yaml
subject: {pod: a}
cases:
- {statement: SELECT 1, at: "2026-01-05T12:00:00Z", expect: allow}
- {statement: DROP TABLE t, expect: deny, rule: no-drop}
- {statement: DROP TABLE t, name: wrong, expect: allow}
)");
  Output output = test(policy, Format::kText);
  CHECK(output.exit_code == 1);
  has(output.text,
      "p.test.yaml:7: wrong\n  expected allow\n  got      deny by no-drop: Tables stay.");
  has(output.text, "2 passed, 1 failed");
  CHECK(test(folder.path(), Format::kText).text == output.text);
  has(test(folder.path(), Format::kJson).text, "\"failed\":1");
}

TEST_CASE("tool: a test that cannot be run is a failure") {
  Folder folder;
  CHECK(test(folder.path(), Format::kText).exit_code == 2);
  CHECK(test(folder.path() + "/none.test.yaml", Format::kText).exit_code == 1);
  folder.put("e.test.yaml", "version: 1\npolicy: p.yaml\ncases: []\n");
  has(test(folder.path(), Format::kText).text, "no cases");
  folder.put("e.test.yaml", "version: 1\npolicy: p.yaml\ncases: [{statement: x, expect: deny}]\n");
  has(test(folder.path(), Format::kText).text, "p.yaml: cannot be opened");
}

TEST_CASE("tool: explain says why") {
  Folder folder;
  Question question;
  question.policy_path = folder.put("p.yaml", kPolicy);
  question.statement = "SELECT id FROM t; DROP TABLE t";
  question.subject.pod = "a";
  question.now_s = 12 * 3600;
  Output output = explain(question, Format::kText);
  CHECK(output.exit_code == 0);
  has(output.text, "verdict    deny by rule no-drop (line 7)\n");
  has(output.text, "reason     Tables stay.\n");
  has(output.text, "public.t");
  has(output.text, "speaks about drop on table public.t");
  has(output.text, "is for another subject or resource");
  has(output.text, "do not hold here");
  std::string json = explain(question, Format::kJson).text;
  has(json, "\"rule\":\"no-drop\"");
  has(json, "\"says\":\"elsewhere\"");
}

TEST_CASE("tool: explain takes statements of any bytes and asks which resource") {
  Folder folder;
  Question question;
  question.policy_path = folder.put("p.yaml", kPolicy);
  question.statement = "SELECT '\xff\xfe'";
  has(explain(question, Format::kJson).text, "\xef\xbf\xbd");
  question.resource = "nope";
  CHECK(explain(question, Format::kText).exit_code == 2);
  question.policy_path = folder.put("q.yaml", "version: 1\n");
  question.resource = "";
  has(explain(question, Format::kText).text, "0 resources");
}

}  // namespace
}  // namespace chaperone::policy_tool
