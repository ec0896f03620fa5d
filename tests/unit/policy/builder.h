#pragma once
// Short ways to say what a statement does and what a policy answers, for the tests of this folder.

#include <string>

#include "sidecar/policy/judge.h"
#include "sidecar/policy/loader.h"

#include <catch2/catch.hpp>  // last: its CHECK is the one meant here

namespace chaperone::policy {

inline const std::string kResources = R"(
version: 1
resources:
- {name: orders, protocol: postgres, addresses: [10.0.0.1], hosts: [db], tls: off}
- {name: billing, protocol: postgres, addresses: [10.0.0.2], hosts: [db2], tls: off}
)";

// `rest` is what follows the resources: rules and defaults.
inline std::shared_ptr<const Policy> policy_with(const std::string& rest) {
  auto policy = parse_policy(kResources + rest, "p.yaml");
  INFO((policy.ok() ? "" : policy.error().message));
  REQUIRE(policy.ok());
  return *policy;
}

inline Statement statement(std::string verb, EffectSet effects) {
  Statement made;
  made.verb = std::move(verb);
  made.effects = effects;
  return made;
}

inline Object table(std::string name, EffectSet effects) {
  return {ObjectKind::kTable, std::move(name), effects};
}

inline Statement select_from(const std::string& name, std::vector<std::string> columns = {}) {
  Statement made = statement("SELECT", Effect::kRead);
  made.objects.push_back(table(name, Effect::kRead));
  for (std::string& column : columns) made.columns.push_back({name, column, Effect::kRead});
  return made;
}

inline Statement on_table(std::string verb, Effect effect, const std::string& name,
                          RowBound bound = RowBound::kNotApplicable) {
  Statement made = statement(std::move(verb), effect);
  made.objects.push_back(table(name, effect));
  made.row_bound = bound;
  return made;
}

inline Meaning meaning_of(std::vector<Statement> statements) {
  Meaning meaning;
  meaning.statements = std::move(statements);
  for (const Statement& each : meaning.statements) meaning.effects |= each.effects;
  meaning.risk = risk_of(meaning.effects);
  return meaning;
}

inline Subject agent() {
  Subject subject;
  subject.pod = "report-writer-1";
  subject.pod_namespace = "agents";
  subject.service_account = "writer";
  subject.labels = {{"app", "report"}, {"tier", "gold"}};
  return subject;
}

struct Asking {
  Subject subject = agent();
  std::size_t resource = 0;
  std::string text;
  std::vector<Parameter> parameters;
  std::int64_t now_s = 0;
};

inline Decision decide(const Policy& policy, const Meaning& meaning, const Asking& asking = {}) {
  const Resource& resource = policy.resources()[asking.resource];
  Prepared prepared = policy.prepare(asking.subject, resource, meaning);
  Command command;
  command.protocol = Protocol::kPostgres;
  command.meaning = &meaning;
  command.text = asking.text;
  command.parameters = asking.parameters;
  return policy.decide(prepared, command, asking.now_s);
}

inline Verdict verdict(const std::string& rules, std::vector<Statement> statements,
                       const Asking& asking = {}) {
  auto policy = policy_with(rules);
  return decide(*policy, meaning_of(std::move(statements)), asking).verdict;
}

}  // namespace chaperone::policy

namespace Catch {
template <>
struct StringMaker<chaperone::policy::Verdict> {
  static std::string convert(chaperone::policy::Verdict verdict) {
    return std::string(name_of(verdict));
  }
};
}  // namespace Catch
