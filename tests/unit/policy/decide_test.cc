#include "tests/unit/policy/builder.h"

namespace chaperone::policy {
namespace {

using enum Verdict;

const std::string kReader = "rules:\n- {name: r, action: allow, match: {effects: [read]}}\n";

TEST_CASE("decide: what no rule allows is denied and says what is missing") {
  auto policy = policy_with(kReader);
  Meaning meaning = meaning_of({on_table("DELETE", Effect::kDelete, "public.t")});
  Decision decision = decide(*policy, meaning);
  CHECK(decision.verdict == kDeny);
  CHECK(decision.rule == "default");
  CHECK(decision.rule_index == 0);
  CHECK(decision.reason == "no rule allows delete on table public.t");
  CHECK_FALSE(Policy::permit(decision));
}

TEST_CASE("decide: an allow names its rule and yields one permit") {
  auto policy = policy_with(kReader);
  Decision decision = decide(*policy, meaning_of({select_from("public.t")}));
  CHECK(decision.verdict == kAllow);
  CHECK(decision.rule == "r");
  CHECK(decision.rule_index == 1);
  CHECK(decision.durability == Durability::kProcess);
  auto permit = Policy::permit(decision);
  REQUIRE(permit);
  Permit taken = std::move(*permit);
  CHECK(taken.valid());
  CHECK_FALSE(permit->valid());
}

TEST_CASE("decide: every statement of a batch must pass") {
  CHECK(verdict(kReader, {select_from("public.t"),
                          on_table("DROP TABLE", Effect::kDrop, "public.t")}) == kDeny);
  CHECK(verdict(kReader, {select_from("public.t"), select_from("public.u")}) == kAllow);
}

TEST_CASE("decide: different acts may be covered by different rules") {
  const std::string rules = R"(rules:
- {name: read, action: allow, match: {effects: [read], objects: ["public.*"]}}
- {name: note, action: allow, match: {effects: [write], objects: [public.notes]}}
)";
  Statement copy = statement("INSERT", Effect::kRead | Effect::kWrite);
  copy.objects = {table("public.customers", Effect::kRead), table("public.notes", Effect::kWrite)};
  CHECK(verdict(rules, {copy}) == kAllow);
  copy.objects[0].effects |= Effect::kWrite;
  CHECK(verdict(rules, {copy}) == kDeny);
  CHECK(verdict(rules, {select_from("secret.keys")}) == kDeny);
}

TEST_CASE("decide: the strictest rule wins wherever it stands") {
  const std::string rules = R"(rules:
- {name: no-drop, action: deny, match: {effects: [drop]}, reason: Tables stay., hint: Ask a DBA.}
- {name: all, action: allow}
- {name: wait, action: hold, match: {effects: [delete]}}
)";
  auto policy = policy_with(rules);
  Decision drop = decide(*policy, meaning_of({on_table("DELETE", Effect::kDelete, "public.t"),
                                              on_table("DROP TABLE", Effect::kDrop, "public.t")}));
  CHECK(drop.verdict == kDeny);
  CHECK(drop.rule == "no-drop");
  CHECK(drop.reason == "Tables stay.");
  CHECK(drop.hint == "Ask a DBA.");
  Decision held = decide(*policy, meaning_of({on_table("DELETE", Effect::kDelete, "public.t")}));
  CHECK(held.verdict == kHold);
  CHECK(held.reason.find("person's approval") != std::string_view::npos);
  CHECK_FALSE(Policy::permit(held));
}

TEST_CASE(
    "decide: a hold grants what it names wholly, for a person to say, and nothing beside it") {
  const std::string rules =
      kReader + "- {name: h, action: hold, match: {effects: [delete], objects: [\"public.*\"]}}\n";
  Statement remove = on_table("DELETE", Effect::kDelete, "public.t");
  CHECK(verdict(rules, {remove}) == kHold);
  CHECK(verdict(rules, {remove, select_from("public.t")}) == kHold);
  CHECK(verdict(rules, {remove, on_table("DROP TABLE", Effect::kDrop, "public.t")}) == kDeny);
  CHECK(verdict(rules, {on_table("DELETE", Effect::kDelete, "secret.t")}) == kDeny);
  CHECK(verdict(rules, {statement("UNKNOWN", Effect::kUnknown)}) == kDeny);
  const std::string only =
      "rules:\n- {name: h, action: hold, match: {effects: [read], objects: [public.t]}}\n";
  CHECK(verdict(only, {statement("SELECT", Effect::kRead)}) ==
        kHold);  // held, though it names nothing
}

TEST_CASE("decide: unknown passes only where a rule says the word") {
  Statement unknown = statement("UNKNOWN", Effect::kUnknown);
  unknown.unknown_because = "syntax error";
  CHECK(verdict("rules:\n- {name: all, action: allow}\n", {unknown}) == kDeny);
  CHECK(verdict("rules:\n- {name: all, action: allow, match: {effects: [any]}}\n", {unknown}) ==
        kDeny);
  CHECK(verdict("rules:\n- {name: a, action: allow, match: {risk_at_most: critical}}\n",
                {unknown}) == kDeny);
  CHECK(verdict("defaults: {action: allow}\n", {unknown}) == kDeny);
  const std::string say =
      "rules:\n- {name: all, action: allow, match: {effects: [any, unknown]}}\n";
  CHECK(verdict(say, {unknown}) == kAllow);
  CHECK(verdict(say, {statement("SELECT", {})}) == kAllow);  // no effect at all: not understood
  CHECK(verdict(kReader, {statement("SELECT", {})}) == kDeny);
  auto policy = policy_with(kReader);
  CHECK(decide(*policy, meaning_of({unknown})).reason == "no rule allows unknown (syntax error)");
}

TEST_CASE("decide: unknown could be anything, so every deny speaks unless it steps aside") {
  const std::string allow =
      "rules:\n- {name: all, action: allow, match: {effects: [any, unknown]}}\n";
  Statement unknown = statement("UNKNOWN", Effect::kUnknown | Effect::kRead);
  for (const char* match :
       {"effects: [drop]", "objects: [public.t]", "columns: [public.t.c]", "functions: [public.f]",
        "risk: high", "row_bound: unbounded", "limit_above: 10", "verbs: [DROP]"}) {
    INFO(match);
    std::string deny = std::string("- {name: d, action: deny, match: {") + match + "}}\n";
    CHECK(verdict(allow + deny, {unknown}) == kDeny);
  }
  CHECK(verdict(allow + "- {name: d, action: deny, match: {effects: [drop]}, "
                        "except: {effects: [unknown]}}\n",
                {unknown}) == kAllow);
  CHECK(verdict(allow + "- {name: d, action: deny, match: {effects: [drop]}, "
                        "except: {effects: [unknown], objects: [public.t]}}\n",
                {unknown}) == kDeny);
}

TEST_CASE(
    "decide: the reason for an unknown statement is that nothing allows it, where that is so") {
  const std::string drop = "- {name: d, action: deny, match: {effects: [drop]}}\n";
  auto rule_for = [](const std::string& rules) {
    auto policy = policy_with(rules);
    return std::string(decide(*policy, meaning_of({statement("UNKNOWN", Effect::kUnknown)})).rule);
  };
  CHECK(rule_for(kReader + drop) == "default");
  CHECK(rule_for(kReader + "- {name: d, action: deny, match: {effects: [unknown]}}\n") == "d");
  CHECK(rule_for(kReader + "- {name: d, action: deny, match: {risk: high}}\n") == "d");
  CHECK(rule_for("rules:\n- {name: a, action: allow, match: {effects: [unknown]}}\n" + drop) ==
        "d");
}

TEST_CASE("decide: subjects, by name, label and except") {
  const std::string rules = R"(subjects:
  analysts: {namespaces: [agents], labels: {app: ["report*", other]}}
rules:
- {name: a, action: allow, match: {subject: analysts}, except: {subject: {pods: ["*-2"]}}}
)";
  std::vector<Statement> read = {select_from("public.t")};
  CHECK(verdict(rules, read) == kAllow);
  Asking other;
  other.subject.labels["app"] = "x";
  CHECK(verdict(rules, read, other) == kDeny);
  other.subject.labels.erase("app");
  CHECK(verdict(rules, read, other) == kDeny);
  Asking second;
  second.subject.pod = "report-writer-2";
  CHECK(verdict(rules, read, second) == kDeny);
}

TEST_CASE("decide: resources, verbs, row bounds, limits and batches") {
  const std::string base = "rules:\n- {name: all, action: allow}\n";
  auto deny = [&](const std::string& match) {
    return base + "- {name: d, action: deny, match: {" + match + "}}\n";
  };
  Asking billing;
  billing.resource = 1;
  CHECK(verdict(deny("resources: [bill*]"), {select_from("public.t")}) == kAllow);
  CHECK(verdict(deny("resources: [bill*]"), {select_from("public.t")}, billing) == kDeny);
  CHECK(verdict(deny("verbs: [drop]"), {on_table("DROP TABLE", Effect::kDrop, "public.t")}) ==
        kDeny);
  CHECK(verdict(deny("verbs: [DROP]"), {on_table("DROPPED", Effect::kRead, "public.t")}) == kAllow);
  CHECK(verdict("rules:\n- {name: a, action: allow, match: {verbs: [GRANT]}}\n",
                {statement("GRANT ROLE", Effect::kGrant)}) == kDeny);
  auto update = [](RowBound bound) {
    return on_table("UPDATE", Effect::kWrite, "public.t", bound);
  };
  CHECK(verdict(deny("row_bound: unbounded"), {update(RowBound::kUnbounded)}) == kDeny);
  CHECK(verdict(deny("row_bound: unbounded"), {update(RowBound::kBounded)}) == kAllow);
  Statement limited = select_from("public.t");
  CHECK(verdict(deny("limit_above: 100"), {limited}) == kDeny);
  limited.limit = 100;
  CHECK(verdict(deny("limit_above: 100"), {limited}) == kAllow);
  limited.limit = 101;
  CHECK(verdict(deny("limit_above: 100"), {limited}) == kDeny);
  CHECK(verdict(deny("statements_above: 1"), {limited, limited}) == kDeny);
  CHECK(verdict(deny("statements_above: 1"), {limited}) == kAllow);
  const std::string few =
      "rules:\n- {name: a, action: allow, match: {effects: [read], limit_at_most: 100}}\n";
  CHECK(verdict(few, {limited}) == kDeny);
  limited.limit = 7;
  CHECK(verdict(few, {limited}) == kAllow);
}

TEST_CASE("decide: risk") {
  const std::string rules = R"(rules:
- {name: low, action: allow, match: {risk_at_most: medium}}
- {name: hold-high, action: hold, match: {risk: high}}
)";
  CHECK(verdict(rules, {on_table("UPDATE", Effect::kWrite, "public.t")}) == kAllow);
  CHECK(verdict(rules, {on_table("DELETE", Effect::kDelete, "public.t")}) == kHold);
  CHECK(verdict(rules, {on_table("DROP TABLE", Effect::kDrop, "public.t")}) == kHold);
}

TEST_CASE("decide: transactions and empty commands pass with the session") {
  std::vector<Statement> begin = {statement("BEGIN", Effect::kTransaction)};
  CHECK(verdict(kReader, begin) == kAllow);
  CHECK(verdict(kReader, {}) == kAllow);
  CHECK(decide(*policy_with(kReader), meaning_of(begin)).rule == "r");
  CHECK(verdict("", begin) == kDeny);
  CHECK(verdict("", {}) == kDeny);
  CHECK(verdict(kReader + "- {name: d, action: deny, match: {effects: [transaction]}}\n", begin) ==
        kDeny);
  CHECK(verdict(kReader + "- {name: d, action: deny, match: {subject: {pods: [\"*\"]}}}\n", {}) ==
        kDeny);
}

TEST_CASE("decide: durability by effect, raised by a rule that covers") {
  auto durability = [](const std::string& rules, Statement statement) {
    return decide(*policy_with(rules), meaning_of({std::move(statement)})).durability;
  };
  const std::string all = "rules:\n- {name: all, action: allow}\n";
  CHECK(durability(all, select_from("public.t")) == Durability::kProcess);
  CHECK(durability(all, on_table("UPDATE", Effect::kWrite, "public.t")) == Durability::kDisk);
  CHECK(durability(all + "defaults: {durability: {read: collector}}\n", select_from("public.t")) ==
        Durability::kCollector);
  const std::string raised =
      all + "- {name: r, action: allow, match: {objects: [public.t]}, durability: collector}\n";
  CHECK(durability(raised, on_table("UPDATE", Effect::kWrite, "public.t")) ==
        Durability::kCollector);
  CHECK(durability(raised, on_table("UPDATE", Effect::kWrite, "public.u")) == Durability::kDisk);
}

}  // namespace
}  // namespace chaperone::policy
