#pragma once
// Which names the agent may have resolved, and with which addresses (the policy's `dns` section,
// and the names of its resources).

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace chaperone::policy {

// What keeps names from carrying data out; docs/dns.md.
struct NameLimits {
  std::uint32_t label_bytes_max = 40;      // hashes in hex have 32 or 40
  std::uint32_t labels_max = 10;           // below a wildcard
  double entropy_bits_max = 4.2;           // per character of long labels; hex has at most 4
  std::uint32_t names_per_minute = 120;    // distinct ones below one wildcard
  std::uint32_t queries_per_second = 100;  // that go to a server, all names together
};

// Lower case: "db.example.org", or "*.example.org" for every name below it.
using NamePattern = std::string;
bool name_fits(const NamePattern& pattern, std::string_view name);

struct NameRules {
  std::vector<NamePattern> names;          // beside the hosts and sni of resources
  std::vector<NamePattern> private_names;  // may be answered with addresses of private networks
  std::vector<std::uint16_t> types;        // of questions, as numbered by IANA
  NameLimits limits;
};

// Views point into the policy.
struct NameVerdict {
  bool allowed = false;
  bool observed = false;  // allowed by an observe line alone
  std::string_view rule;  // the resource's name, "dns.names" or "observe"
  std::string_view zone;  // where a wildcard spoke: what stands behind its star
};

}  // namespace chaperone::policy
