// Without the catalogue nobody knows what lies beneath a name: nothing but transactions and settings
// may pass by a rule that does not say `unknown`.

#include "sidecar/session/judge.h"

#include "sidecar/policy/loader.h"

#include <catch2/catch.hpp>

namespace chaperone::session {
namespace {

constexpr std::string_view kPolicy = R"(version: 1
resources:
- name: shop
  protocol: postgres
  hosts: [db.shop]
  addresses: [10.0.0.5]
  ports: [5432]
  tls: {mode: off}
  logins: [{user: "*", database: "*", role: app, to_database: shop}]
rules:
- {name: reads, action: allow, match: {effects: [read, write, describe, session, transaction]}}
)";

policy::Verdict verdict(bool catalogue_missing, std::string_view text) {
  auto parsed = policy::parse_policy(kPolicy, "p.yaml");
  if (!parsed.ok()) FAIL(parsed.error().message);
  ScopeFacts facts;
  facts.policy = *parsed;
  facts.resource = "shop";
  facts.catalogue_missing = catalogue_missing;
  Subject subject;
  Scope scope(facts, subject);
  return scope.judge(text, nullptr)->prepared.settled.verdict;
}

}  // namespace

TEST_CASE("a lost catalogue refuses what it would have looked up") {
  CHECK(verdict(false, "select * from v") == policy::Verdict::kAllow);
  CHECK(verdict(true, "select * from v") == policy::Verdict::kDeny);
  CHECK(verdict(true, "insert into t values (1)") == policy::Verdict::kDeny);
}

TEST_CASE("a lost catalogue lets a transaction end") {
  CHECK(verdict(true, "rollback") == policy::Verdict::kAllow);
  CHECK(verdict(true, "commit") == policy::Verdict::kAllow);
}

class Texts final : public sql::PreparedTexts {
 public:
  std::optional<std::string_view> text_of(std::string_view) const override { return text; }
  std::string text;
};

TEST_CASE("what EXECUTE means is remembered as long as its names mean the same") {
  auto parsed = policy::parse_policy(kPolicy, "p.yaml");
  REQUIRE(parsed.ok());
  ScopeFacts facts;
  facts.policy = *parsed;
  facts.resource = "shop";
  Subject subject;
  Scope scope(facts, subject);
  Texts texts;
  texts.text = "select * from t where a = $1";
  JudgedPtr first = scope.judge("execute p(1)", &texts);
  CHECK(scope.judge("execute p(2)", &texts) == first);
  CHECK(scope.judge("execute p(now())", &texts) != first);
  CHECK(first->prepared.settled.verdict == policy::Verdict::kAllow);
  texts.text = "delete from t where a = $1";
  JudgedPtr second = scope.judge("execute p(1)", &texts);
  CHECK(second != first);
  CHECK(second->prepared.settled.verdict == policy::Verdict::kDeny);
  JudgedPtr settled = scope.settle_miss("execute p(1)", &texts);
  CHECK(scope.judge("execute p(3)", &texts) == settled);
  CHECK_FALSE(settled->analysis.catalogue_miss);
  texts.text = "select 1";
  CHECK(scope.judge("execute p(3)", &texts)->prepared.settled.verdict == policy::Verdict::kAllow);
}

}  // namespace chaperone::session
