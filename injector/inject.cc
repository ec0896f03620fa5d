#include "injector/inject.h"

#include <rapidjson/document.h>

#include "injector/examine.h"
#include "injector/json_patch.h"
#include "injector/policy_choice.h"
#include "injector/shape.h"

namespace chaperone::injector {

Injection inject(const Json& pod, std::string_view namespace_name, const Config& config) {
  Injection injection;
  Findings unchosen;
  const AgentPolicy* policy = choose_policy(pod, namespace_name, config, unchosen);
  injection.findings = examine(pod, policy, config);
  injection.findings.insert(injection.findings.begin(), unchosen.begin(), unchosen.end());
  if (!policy) return injection;
  injection.policy = policy->name;

  rapidjson::Document shaped;
  shaped.CopyFrom(pod, shaped.GetAllocator());
  if (!shaped.IsObject()) shaped.SetObject();
  // Also where there are findings already: strangers under our names are to be named too.
  shape_pod(shaped, *policy, config, shaped.GetAllocator(), injection.findings);
  if (injection.findings.empty()) injection.patch = json_patch(pod, shaped);
  return injection;
}

}  // namespace chaperone::injector
