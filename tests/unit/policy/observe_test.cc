#include "tests/unit/policy/builder.h"

namespace chaperone::policy {
namespace {

using enum Verdict;

const std::string kNoDrop = R"(rules:
- {name: r, action: allow, match: {effects: [read]}}
- {name: no-drop, action: deny, match: {effects: [drop]}, reason: Tables stay.}
)";

Decision drop_under(const std::string& rules) {
  static std::shared_ptr<const Policy> policy;  // outlives the views in the decision
  policy = policy_with(rules);
  return decide(*policy, meaning_of({on_table("DROP TABLE", Effect::kDrop, "public.t")}));
}

TEST_CASE("observe: the whole policy passes and tells") {
  Decision decision = drop_under(kNoDrop + "observe: true\n");
  CHECK(decision.verdict == kAllow);
  CHECK(decision.would_be == kDeny);
  CHECK(decision.observed);
  CHECK(decision.rule == "no-drop");
  CHECK(Policy::permit(decision));
}

TEST_CASE("observe: one resource") {
  auto policy = parse_policy(R"(version: 1
resources:
- {name: a, protocol: postgres, addresses: [10.0.0.1], tls: off, observe: true}
- {name: b, protocol: postgres, addresses: [10.0.0.2], tls: off}
)" + kNoDrop,
                             "p.yaml");
  REQUIRE(policy.ok());
  Meaning drop = meaning_of({on_table("DROP TABLE", Effect::kDrop, "public.t")});
  Asking asking;
  CHECK(decide(**policy, drop, asking).verdict == kAllow);
  asking.resource = 1;
  CHECK(decide(**policy, drop, asking).verdict == kDeny);
  Subject nobody;
  CHECK((*policy)->decide_connect(nobody, (*policy)->resources()[0]).verdict == kAllow);
}

TEST_CASE("observe: a rule on trial tells and does not act") {
  Decision decision = drop_under(R"(rules:
- {name: all, action: allow}
- {name: trial, action: deny, observe: true, match: {effects: [drop]}}
)");
  CHECK(decision.verdict == kAllow);
  CHECK(decision.would_be == kDeny);
  CHECK(decision.observed);
  CHECK(decision.rule == "trial");
  Decision denied = drop_under(R"(rules:
- {name: all, action: allow}
- {name: trial, action: hold, observe: true, match: {effects: [drop]}}
- {name: real, action: deny, match: {effects: [drop]}}
)");
  CHECK(denied.verdict == kDeny);
  CHECK(denied.rule == "real");
  CHECK_FALSE(denied.observed);
}

TEST_CASE("observe: action observe lets pass what it covers whole") {
  const std::string rules =
      kNoDrop + "- {name: o, action: observe, match: {objects: [public.t]}}\n";
  Decision decision = drop_under(rules);
  CHECK(decision.verdict == kAllow);
  CHECK(decision.would_be == kDeny);
  CHECK(decision.rule == "no-drop");
  CHECK(verdict(rules, {on_table("DROP TABLE", Effect::kDrop, "public.t"),
                        on_table("DROP TABLE", Effect::kDrop, "public.u")}) == kDeny);
  Statement unknown = statement("UNKNOWN", Effect::kUnknown);
  CHECK(verdict(kNoDrop + "- {name: o, action: observe}\n", {unknown}) == kDeny);
}

TEST_CASE("observe: what passes anyway is not marked") {
  auto policy = policy_with(kNoDrop + "observe: true\n");
  Decision decision = decide(*policy, meaning_of({select_from("public.t")}));
  CHECK(decision.verdict == kAllow);
  CHECK_FALSE(decision.observed);
  CHECK(decision.would_be == kAllow);
}

}  // namespace
}  // namespace chaperone::policy
