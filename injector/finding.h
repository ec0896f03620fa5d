#pragma once
// What keeps a pod out: one thing that cannot be made safe.

#include <string>
#include <string_view>
#include <vector>

namespace chaperone::injector {

struct Finding {
  std::string code;    // one word of a fixed set, for metrics: "host_network"
  std::string field;   // "spec.containers[web].securityContext.privileged"
  std::string reason;  // why it cannot be made safe
  std::string fix;     // what its author should do

  bool operator==(const Finding&) const = default;
};

using Findings = std::vector<Finding>;

// All of them in words, for the person who applied the pod. Values of the pod are not quoted but
// names, which its author knows.
std::string words(const Findings& findings);

}  // namespace chaperone::injector
