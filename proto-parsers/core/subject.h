#pragma once
// Who asks. Comes from what the cluster vouches for, never from the agent's own word.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace chaperone {

struct Subject {
  std::string pod;
  std::string pod_namespace;
  std::string service_account;
  std::string node;
  std::map<std::string, std::string> labels;  // those that the operator listed
  std::string principal;                      // the human or task behind the agent, where known
  std::vector<std::string> groups;
  bool operator==(const Subject&) const = default;
};

}  // namespace chaperone
