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

TEST_CASE("decide: the reason for an unknown statement is that nothing allows it, where that is so") {
  const std::string drop = "- {name: d, action: deny, match: {effects: [drop]}}\n";
  auto rule_for = [](const std::string& rules) {
    auto policy = policy_with(rules);
    return std::string(decide(*policy, meaning_of({statement("UNKNOWN", Effect::kUnknown)})).rule);
  };
  CHECK(rule_for(kReader + drop) == "default");
  CHECK(rule_for(kReader + "- {name: d, action: deny, match: {effects: [unknown]}}\n") == "d");
  CHECK(rule_for(kReader + "- {name: d, action: deny, match: {risk: high}}\n") == "d");
  CHECK(rule_for("rules:\n- {name: a, action: allow, match: {effects: [unknown]}}\n" + drop) == "d");
}

TEST_CASE("decide: a deny links effects with the object that carries them") {
  const std::string rules = R"(rules:
- {name: all, action: allow}
- {name: keep, action: deny, match: {effects: [delete], objects: [public.customers]}}
)";
  Statement both = statement("DELETE", Effect::kRead | Effect::kDelete);
  both.objects = {table("public.customers", Effect::kRead),
                  table("public.orders", Effect::kDelete)};
  CHECK(verdict(rules, {both}) == kAllow);
  both.objects[0].effects |= Effect::kDelete;
  CHECK(verdict(rules, {both}) == kDeny);
  Statement untold = statement("DELETE", Effect::kDelete);
  untold.objects = {table("public.customers", {})};
  CHECK(verdict(rules, {untold}) == kDeny);
}

TEST_CASE("decide: effects of the whole statement touch each of its objects for a deny") {
  const std::string rules = R"(rules:
- {name: all, action: allow}
- {name: stay, action: deny, match: {effects: [export], objects: [public.customers]}}
)";
  Statement copy = statement("COPY TO FILE", Effect::kRead | Effect::kExport);
  copy.objects = {table("public.customers", Effect::kRead),
                  {ObjectKind::kFile, "/tmp/x", Effect::kExport}};
  CHECK(verdict(rules, {copy}) == kDeny);
  copy.objects[0].name = "public.orders";
  CHECK(verdict(rules, {copy}) == kAllow);
}

TEST_CASE("decide: a name without schema fits a deny in any, and covers nothing of an allow") {
  const std::string deny = R"(rules:
- {name: all, action: allow}
- {name: d, action: deny, match: {objects: [public.customers]}}
)";
  CHECK(verdict(deny, {select_from("customers")}) == kDeny);
  CHECK(verdict(deny, {select_from("orders")}) == kAllow);
  CHECK(verdict(deny, {select_from("other.customers")}) == kAllow);
  const std::string allow =
      "rules:\n- {name: a, action: allow, match: {effects: [read], objects: [public.customers]}}\n";
  CHECK(verdict(allow, {select_from("customers")}) == kDeny);
  CHECK(verdict(allow, {select_from("public.customers")}) == kAllow);
}

TEST_CASE("decide: columns of a deny") {
  const std::string rules = R"(rules:
- {name: all, action: allow}
- {name: d, action: deny, match: {effects: [read], columns: [public.customers.ssn, "*.password"]}}
)";
  CHECK(verdict(rules, {select_from("public.customers", {"id", "name"})}) == kAllow);
  CHECK(verdict(rules, {select_from("public.customers", {"id", "ssn"})}) == kDeny);
  CHECK(verdict(rules, {select_from("public.customers", {"*"})}) == kDeny);
  CHECK(verdict(rules, {select_from("customers", {"ssn"})}) == kDeny);
  CHECK(verdict(rules, {select_from("public.users", {"password"})}) == kDeny);
  CHECK(verdict(rules, {select_from("public.orders", {"ssn"})}) == kAllow);
  Statement set = on_table("UPDATE", Effect::kWrite, "public.customers");
  set.columns = {{"public.customers", "ssn", Effect::kWrite}};
  CHECK(verdict(rules, {set}) == kAllow);
}

TEST_CASE("decide: a kind that has no columns never fits a column") {
  const std::string rules = R"(rules:
- {name: all, action: allow}
- {name: d, action: deny, match: {objects: ["program:*", "file:*"]}}
)";
  CHECK(verdict(rules, {select_from("public.customers", {"id"})}) == kAllow);
  Statement copy = statement("COPY TO PROGRAM", Effect::kExport);
  copy.objects = {{ObjectKind::kProgram, "cat", Effect::kExport}};
  CHECK(verdict(rules, {copy}) == kDeny);
}

TEST_CASE("decide: columns of an allow cover their own and no more") {
  const std::string rules = R"(rules:
- {name: a, action: allow, match: {effects: [read], columns: [public.customers.id, public.customers.name]}}
- {name: b, action: allow, match: {effects: [read], objects: [public.orders]}}
)";
  CHECK(verdict(rules, {select_from("public.customers", {"id", "name"})}) == kAllow);
  CHECK(verdict(rules, {select_from("public.customers", {"id", "ssn"})}) == kDeny);
  CHECK(verdict(rules, {select_from("public.customers", {"*"})}) == kDeny);
  CHECK(verdict(rules, {select_from("public.orders", {"*"})}) == kAllow);
  CHECK(verdict(rules, {select_from("public.payments")}) == kDeny);
  const std::string both = R"(rules:
- name: a
  action: allow
  match: {effects: [read], objects: ["public.*"], columns: [public.customers.id]}
)";
  CHECK(verdict(both, {select_from("public.customers", {"id"})}) == kAllow);
  CHECK(verdict(both, {select_from("public.customers", {"ssn"})}) == kDeny);
  CHECK(verdict(both, {select_from("public.orders", {"total"})}) == kAllow);
  const std::string all_columns =
      "rules:\n- {name: a, action: allow, match: {effects: [read], columns: "
      "[\"public.customers.*\"]}}\n";
  CHECK(verdict(all_columns, {select_from("public.customers", {"*"})}) == kAllow);
}

TEST_CASE("decide: columns never cover what is done to the whole table") {
  const std::string rules =
      "rules:\n- {name: a, action: allow, match: {columns: [\"public.customers.*\"]}}\n";
  CHECK(verdict(rules, {on_table("DELETE", Effect::kDelete, "public.customers")}) == kDeny);
  CHECK(verdict(rules, {on_table("DROP TABLE", Effect::kDrop, "public.customers")}) == kDeny);
}

TEST_CASE("decide: functions of a deny and of an allow") {
  Statement call = statement("SELECT", Effect::kRead | Effect::kRunCode);
  call.functions = {"pg_catalog.lower", "public.report"};
  call.objects = {{ObjectKind::kFunction, "public.report", Effect::kRunCode}};
  const std::string allow = R"(rules:
- {name: r, action: allow, match: {effects: [read]}}
- {name: f, action: allow, match: {effects: [run_code], functions: [public.report]}}
)";
  CHECK(verdict(allow, {call}) == kAllow);
  Statement other = call;
  other.objects[0].name = other.functions[1] = "public.other";
  CHECK(verdict(allow, {other}) == kDeny);
  CHECK(verdict(allow, {statement("DO", Effect::kRunCode)}) == kDeny);  // names no function
  const std::string deny = R"(rules:
- {name: all, action: allow}
- {name: d, action: deny, match: {functions: ["pg_catalog.*"]}, except: {functions: [pg_catalog.lower]}}
)";
  CHECK(verdict(deny, {call}) == kAllow);
  call.functions.push_back("pg_catalog.pg_sleep");
  CHECK(verdict(deny, {call}) == kDeny);
}

TEST_CASE("decide: a rule that lists things does not cover dangerous acts on nothing named") {
  const std::string rules = R"(rules:
- {name: a, action: allow, match: {effects: [read, run_code, export, session], objects: ["public.*"]}}
)";
  CHECK(verdict(rules, {statement("SELECT", Effect::kRead)}) == kAllow);
  CHECK(verdict(rules, {statement("DO", Effect::kRunCode)}) == kDeny);
  CHECK(verdict(rules, {statement("COPY TO PROGRAM", Effect::kExport)}) == kDeny);
  CHECK(verdict(rules, {statement("SET", Effect::kSession)}) == kDeny);
}

TEST_CASE("decide: except is judged act by act") {
  const std::string rules = R"(rules:
- {name: all, action: allow}
- name: d
  action: deny
  match: {effects: [delete]}
  except: {objects: ["public.scratch_*"]}
)";
  Statement scratch = on_table("DELETE", Effect::kDelete, "public.scratch_1");
  CHECK(verdict(rules, {scratch}) == kAllow);
  scratch.objects.push_back(table("public.customers", Effect::kRead));
  scratch.effects |= Effect::kRead;
  CHECK(verdict(rules, {scratch}) == kAllow);
  scratch.objects.push_back(table("public.orders", Effect::kDelete));
  CHECK(verdict(rules, {scratch}) == kDeny);
  CHECK(verdict(rules, {on_table("DELETE", Effect::kDelete, "scratch_1")}) == kDeny);
}

TEST_CASE("decide: the except of an allow takes away whatever it touches") {
  const std::string rules = R"(rules:
- name: a
  action: allow
  match: {effects: [read]}
  except:
  - {objects: [public.salaries]}
  - {columns: [public.customers.ssn]}
  - {functions: [pg_catalog.pg_sleep]}
)";
  CHECK(verdict(rules, {select_from("public.orders", {"*"})}) == kAllow);
  CHECK(verdict(rules, {select_from("public.salaries")}) == kDeny);
  CHECK(verdict(rules, {select_from("salaries")}) == kDeny);
  CHECK(verdict(rules, {select_from("public.customers", {"id"})}) == kAllow);
  CHECK(verdict(rules, {select_from("public.customers", {"*"})}) == kDeny);
  Statement sleep = statement("SELECT", Effect::kRead);
  sleep.functions = {"pg_catalog.pg_sleep"};
  CHECK(verdict(rules, {sleep}) == kDeny);
}

TEST_CASE("decide: the columns of an except let a deny step aside only for all that is touched") {
  const std::string rules = R"(rules:
- {name: all, action: allow}
- {name: d, action: deny, match: {objects: [public.customers]}, except: {effects: [read], columns: [public.customers.id]}}
)";
  CHECK(verdict(rules, {select_from("public.customers", {"id"})}) == kAllow);
  CHECK(verdict(rules, {select_from("public.customers", {"id", "ssn"})}) == kDeny);
  CHECK(verdict(rules, {select_from("public.customers", {"*"})}) == kDeny);
  CHECK(verdict(rules, {on_table("DELETE", Effect::kDelete, "public.customers")}) == kDeny);
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
  CHECK(verdict("rules:\n- {name: a, action: allow, match: {verbs: [COPY]}}\n",
                {statement("COPY TO PROGRAM", Effect::kExport)}) == kDeny);
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
