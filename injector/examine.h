#pragma once
// What of a pod cannot be made safe, all of it at once. The rows are those of docs/admission.md.

#include <string>

#include "injector/config.h"
#include "injector/finding.h"
#include "injector/json.h"

namespace chaperone::injector {

// `pod` as its author and other webhooks left it; our own containers and volumes in it are looked
// at elsewhere. `policy` may be null (the strictest reading).
Findings examine(const Json& pod, const AgentPolicy* policy, const Config& config);

// The parts, each one file. `out` grows.
struct Examination {
  const Config& config;
  const AgentPolicy* policy;
  Findings& out;

  bool root_tier() const { return policy && policy->root_tier; }
  void add(std::string code, std::string field, std::string reason, std::string fix) const {
    out.push_back({std::move(code), std::move(field), std::move(reason), std::move(fix)});
  }
};
void examine_pod(const Json& pod, const Examination& examination);
void examine_container(const Json& pod, const Json& container, const std::string& place,
                       const Examination& examination);
void examine_security(const Json& pod, const Json& container, const std::string& place,
                      const Examination& examination);
void examine_volume(const Json& volume, const Examination& examination);

}  // namespace chaperone::injector
