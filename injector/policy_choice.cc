#include "injector/policy_choice.h"

#include <algorithm>

#include "injector/names.h"

namespace chaperone::injector {

namespace {
bool holds(const std::vector<std::string>& list, std::string_view wanted) {
  return std::find(list.begin(), list.end(), wanted) != list.end();
}

bool may(const AgentPolicy& policy, std::string_view namespace_name, std::string_view account) {
  return holds(policy.namespaces, namespace_name) &&
         (policy.service_accounts.empty() || holds(policy.service_accounts, account));
}

std::string_view account_of(const Json& pod) {
  std::string_view account = text_of(at(&pod, {"spec", "serviceAccountName"}));
  return account.empty() ? "default" : account;
}
}  // namespace

const AgentPolicy* choose_policy(const Json& pod, std::string_view namespace_name,
                                 const Config& config, Findings& findings) {
  std::string_view account = account_of(pod);
  std::string_view wanted = text_of(at(&pod, {"metadata", "annotations", kPolicy}));
  for (const AgentPolicy& policy : config.policies) {
    bool meant = wanted.empty() ? policy.is_default : policy.name == wanted;
    if (meant && may(policy, namespace_name, account)) return &policy;
  }
  std::string who = "namespace " + std::string(namespace_name) + ", service account " +
                    std::string(account);
  std::string field = "metadata.annotations[" + std::string(kPolicy) + "]";
  if (wanted.empty()) {
    findings.push_back({"no_policy", field, "no policy is the default for " + who,
                        "Name one that the operator allows there"});
  } else {
    findings.push_back({"policy_not_allowed", field, "that policy is not allowed for " + who,
                        "Name one that the operator allows there"});
  }
  return nullptr;
}

}  // namespace chaperone::injector
