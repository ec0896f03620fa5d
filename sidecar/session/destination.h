#pragma once
// Where a connection meant to go (value): the address that the kernel redirected it from, and the
// names under which the pod's own resolver gave that address out. Names come first: policy is
// written in them. An address without a name is a literal, and passes only where a resource lists
// it.

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/net/address.h"
#include "sidecar/policy/policy.h"

namespace chaperone::session {

struct Destination {
  net::Address address;
  std::vector<std::string> names;  // taken once: a live session does not end with its DNS record

  const policy::Resource* resource(const policy::Policy& policy) const {
    for (const std::string& name : names) {
      if (const auto* found = policy.resource_by_name(name, address.port())) return found;
    }
    return policy.resource_at(address.raw());
  }
  bool reads_sni(const policy::Policy& policy) const {
    return policy.reads_sni(address.raw(), !names.empty());
  }
  const policy::Resource* resource_by_sni(const policy::Policy& policy,
                                          std::string_view name) const {
    const bool resolved = std::find(names.begin(), names.end(), name) != names.end();
    return policy.resource_by_sni(name, address.raw(), resolved);
  }
};

}  // namespace chaperone::session
