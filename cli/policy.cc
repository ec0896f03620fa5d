// policy check, test, explain: the policy room's own functions, printed.
#include <cstdio>

#include "cli/commands.h"
#include "sidecar/policy/tool/tool.h"

namespace chaperone::cli {

namespace {
policy_tool::Question question_of(const Arguments& arguments) {
  policy_tool::Question question;
  question.policy_path = arguments.file;
  for (const std::string& word : arguments.words) {
    question.statement += (question.statement.empty() ? "" : " ") + word;
  }
  question.resource = arguments.resource;
  question.parameters = arguments.parameters;
  if (!arguments.schema.empty()) question.schema = arguments.schema;
  question.subject.pod = arguments.subject.pod;
  question.subject.pod_namespace = arguments.subject.pod_namespace;
  question.subject.service_account = arguments.subject.service_account;
  return question;
}

// Its findings are ours to name: 1 is what a test or a check found, 2 what could not be asked.
int exit_code_of(int tool_code) {
  if (tool_code == 0) return kExitOk;
  return tool_code == 1 ? kExitBroken : kExitFailed;
}
}  // namespace

Result<int> policy(const Arguments& arguments) {
  auto format = arguments.json ? policy_tool::Format::kJson : policy_tool::Format::kText;
  policy_tool::Output output;
  switch (arguments.verb) {
    case Verb::kPolicyCheck: output = policy_tool::check(arguments.file, format); break;
    case Verb::kPolicyTest: output = policy_tool::test(arguments.file, format); break;
    default: output = policy_tool::explain(question_of(arguments), format); break;
  }
  std::fputs(output.text.c_str(), output.exit_code == 2 ? stderr : stdout);
  return exit_code_of(output.exit_code);
}

}  // namespace chaperone::cli
