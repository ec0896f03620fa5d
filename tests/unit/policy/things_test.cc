// Objects, columns, functions and except: which acts a match is about.

#include "tests/unit/policy/builder.h"

namespace chaperone::policy {
namespace {

using enum Verdict;

TEST_CASE("things: a deny links effects with the object that carries them") {
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

TEST_CASE("things: effects of the whole statement touch each of its objects for a deny") {
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

TEST_CASE("things: a name without schema fits a deny in any, and covers nothing of an allow") {
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

TEST_CASE("things: what a statement reaches without naming it is any object to a deny") {
  const std::string deny = R"(rules:
- {name: all, action: allow}
- {name: d, action: deny, match: {effects: [drop], objects: [public.kept]}}
)";
  Statement drop = on_table("DROP TABLE", Effect::kDrop, "public.other");
  CHECK(verdict(deny, {drop}) == kAllow);
  drop.objects.push_back(any_object(Effect::kDrop));
  CHECK(verdict(deny, {drop}) == kDeny);
  const std::string kind = R"(rules:
- {name: all, action: allow}
- {name: d, action: deny, match: {effects: [drop], objects: ["view:*.kept"]}}
)";
  CHECK(verdict(kind, {drop}) == kDeny);
  const std::string other_effect = R"(rules:
- {name: all, action: allow}
- {name: d, action: deny, match: {effects: [grant], objects: [public.kept]}}
)";
  CHECK(verdict(other_effect, {drop}) == kAllow);
  const std::string altered = R"(rules:
- {name: all, action: allow}
- {name: d, action: deny, match: {effects: [define], objects: [public.kept]}}
)";
  CHECK(verdict(altered, {drop}) == kDeny);
  const std::string columns = R"(rules:
- {name: all, action: allow}
- {name: d, action: deny, match: {effects: [write], columns: [public.kept.note]}}
)";
  CHECK(verdict(columns, {drop}) == kDeny);
  const std::string spared = R"(rules:
- {name: all, action: allow}
- {name: d, action: deny, match: {effects: [drop]}, except: {objects: ["public.*"]}}
)";
  CHECK(verdict(spared, {drop}) == kDeny);
}

TEST_CASE("things: what a statement does not name is covered by an allow for everything alone") {
  Statement drop = on_table("DROP TABLE", Effect::kDrop, "public.other");
  drop.objects.push_back(any_object(Effect::kDrop));
  auto allowed = [&](const std::string& match) {
    return verdict("rules:\n- {name: a, action: allow, match: {effects: [drop], " + match + "}}\n",
                   {drop}) == kAllow;
  };
  CHECK_FALSE(allowed(R"(objects: ["public.*"])"));
  CHECK_FALSE(allowed(R"(objects: ["*.*"])"));
  CHECK_FALSE(allowed(R"(objects: ["?", "public.*"])"));
  CHECK_FALSE(allowed(R"(objects: ["other:*", "public.*"])"));
  CHECK(allowed(R"(objects: ["*"])"));
  CHECK(allowed(R"(row_bound: [not_applicable])"));
  CHECK(decide(*policy_with("rules:\n- {name: a, action: allow, match: {objects: [\"public.*\"]}}\n"),
               meaning_of({drop}))
            .reason.find("does not name") != std::string::npos);
}

TEST_CASE("things: a name that is made at run time fits a deny of its kind") {
  const std::string deny = R"(rules:
- {name: all, action: allow}
- {name: d, action: deny, match: {effects: [drop], objects: ["table:public.kept"]}}
)";
  Statement drop = on_table("DO", Effect::kDrop, "*");
  CHECK(verdict(deny, {drop}) == kDeny);
  drop.objects[0].kind = ObjectKind::kView;
  CHECK(verdict(deny, {drop}) == kAllow);
}

TEST_CASE("things: columns of a deny") {
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

TEST_CASE("things: a kind that has no columns never fits a column") {
  const std::string rules = R"(rules:
- {name: all, action: allow}
- {name: d, action: deny, match: {objects: ["program:*", "file:*"]}}
)";
  CHECK(verdict(rules, {select_from("public.customers", {"id"})}) == kAllow);
  Statement copy = statement("COPY TO PROGRAM", Effect::kExport);
  copy.objects = {{ObjectKind::kProgram, "cat", Effect::kExport}};
  CHECK(verdict(rules, {copy}) == kDeny);
}

TEST_CASE("things: columns of an allow cover their own and no more") {
  const std::string rules = R"(rules:
- name: a
  action: allow
  match: {effects: [read], columns: [public.customers.id, public.customers.name]}
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

TEST_CASE("things: columns never cover what is done to the whole table") {
  const std::string rules =
      "rules:\n- {name: a, action: allow, match: {columns: [\"public.customers.*\"]}}\n";
  CHECK(verdict(rules, {on_table("DELETE", Effect::kDelete, "public.customers")}) == kDeny);
  CHECK(verdict(rules, {on_table("DROP TABLE", Effect::kDrop, "public.customers")}) == kDeny);
}

TEST_CASE("things: functions of a deny and of an allow") {
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
- name: d
  action: deny
  match: {functions: ["pg_catalog.*"]}
  except: {functions: [pg_catalog.lower]}
)";
  CHECK(verdict(deny, {call}) == kAllow);
  call.functions.push_back("pg_catalog.pg_sleep");
  CHECK(verdict(deny, {call}) == kDeny);
}

TEST_CASE("things: a rule that lists things does not cover dangerous acts on nothing named") {
  const std::string rules = R"(rules:
- name: a
  action: allow
  match: {effects: [read, run_code, export, session], objects: ["public.*"]}
)";
  CHECK(verdict(rules, {statement("SELECT", Effect::kRead)}) == kAllow);
  CHECK(verdict(rules, {statement("DO", Effect::kRunCode)}) == kDeny);
  CHECK(verdict(rules, {statement("COPY TO PROGRAM", Effect::kExport)}) == kDeny);
  CHECK(verdict(rules, {statement("SET", Effect::kSession)}) == kDeny);
}

TEST_CASE("things: except is judged act by act") {
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

TEST_CASE("things: the except of an allow takes away whatever it touches") {
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

TEST_CASE("things: the columns of an except let a deny step aside only for all that is touched") {
  const std::string rules = R"(rules:
- {name: all, action: allow}
- name: d
  action: deny
  match: {objects: [public.customers]}
  except: {effects: [read], columns: [public.customers.id]}
)";
  CHECK(verdict(rules, {select_from("public.customers", {"id"})}) == kAllow);
  CHECK(verdict(rules, {select_from("public.customers", {"id", "ssn"})}) == kDeny);
  CHECK(verdict(rules, {select_from("public.customers", {"*"})}) == kDeny);
  CHECK(verdict(rules, {on_table("DELETE", Effect::kDelete, "public.customers")}) == kDeny);
}

}  // namespace
}  // namespace chaperone::policy
