#include "sidecar/policy/tool/judged.h"

#include <algorithm>
#include <ctime>

#include "proto-parsers/sql/analyse.h"

namespace chaperone::policy_tool {
namespace {

Result<const policy::Resource*> resource_named(const policy::Policy& policy,
                                               const std::string& name) {
  const auto& resources = policy.resources();
  if (name.empty()) {
    if (resources.size() == 1) return &resources.front();
    return Error{"the policy has " + std::to_string(resources.size()) +
                 " resources: say which one is asked about"};
  }
  for (const policy::Resource& resource : resources) {
    if (resource.name == name) return &resource;
  }
  return Error{"the policy has no resource '" + name + "'"};
}

bool lives_in_schema(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::kTable:
    case ObjectKind::kView:
    case ObjectKind::kSequence:
    case ObjectKind::kIndex:
    case ObjectKind::kFunction:
    case ObjectKind::kType:
      return true;
    default:
      return false;
  }
}

void put_into(const std::string& schema, std::string& name) {
  if (!name.empty() && name.find('.') == std::string::npos) name = schema + "." + name;
}

void qualify(Statement& statement, const std::string& schema) {
  for (Object& object : statement.objects) {
    if (lives_in_schema(object.kind)) put_into(schema, object.name);
  }
  for (Column& column : statement.columns) put_into(schema, column.table);
  for (std::string& function : statement.functions) put_into(schema, function);
}

std::vector<Parameter> parameters_of(const std::vector<std::string>& values) {
  std::vector<Parameter> parameters;
  for (const std::string& value : values) {
    Parameter parameter;
    parameter.value = as_bytes(value);
    parameters.push_back(parameter);
  }
  return parameters;
}

}  // namespace

void qualify(Meaning& meaning, const std::string& schema) {
  for (Statement& statement : meaning.statements) qualify(statement, schema);
}

Result<Judged> judge(std::shared_ptr<const policy::Policy> policy, const Question& question) {
  auto resource = resource_named(*policy, question.resource);
  if (!resource) return resource.error();
  Judged judged;
  judged.policy = std::move(policy);
  judged.resource = *resource;
  sql::Names names;
  names.search_path = {question.schema};
  judged.meaning = sql::analyse(question.statement, sql::Reading{}, names).meaning;
  qualify(judged.meaning, question.schema);
  std::vector<Parameter> parameters = parameters_of(question.parameters);
  Command command{judged.resource->protocol, &judged.meaning, question.statement, parameters};
  std::int64_t now_s = question.now_s.value_or(std::time(nullptr));
  judged.connect = judged.policy->decide_connect(question.subject, *judged.resource);
  auto prepared = judged.policy->prepare(question.subject, *judged.resource, judged.meaning);
  judged.decision = judged.policy->decide(prepared, command, now_s);
  judged.sayings = sayings_of(*judged.policy, *judged.resource, question.subject, command, now_s);
  return judged;
}

}  // namespace chaperone::policy_tool
