#include <algorithm>

#include "sidecar/policy/loader.h"
#include "sidecar/policy/tool/explained.h"
#include "sidecar/policy/tool/tool.h"

namespace chaperone::policy_tool {

Output explain(const Question& question, Format format) {
  auto policy = policy::load_policy(question.policy_path);
  if (!policy) return {policy.error().message + "\n", 2};
  auto judged = judge(*policy, question);
  if (!judged) return {question.policy_path + ": " + judged.error().message + "\n", 2};
  bool json = format == Format::kJson;
  return {json ? explained_json(question, *judged) : explained_text(question, *judged), 0};
}

}  // namespace chaperone::policy_tool
