#pragma once
// Keeps a zone that an agent may ask below (a wildcard in the policy) from carrying data out in the
// names asked. A name written out in the policy carries nothing, so only the rate is asked of it.
// Pure but for what it counts; belongs to its loop.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_set>

#include "sidecar/policy/names.h"

namespace chaperone::dns {

class TunnelGuard {
 public:
  explicit TunnelGuard(const policy::NameLimits& limits) : limits_(limits) {}
  // A changed policy counts anew: it may have other zones.
  void set_limits(const policy::NameLimits& limits) {
    limits_ = limits;
    zones_.clear();
  }

  // Null, or the rule that was broken, for the agent and the record. `zone`: what the wildcard
  // stands before; empty where the name was written out.
  const char* ask(std::string_view name, std::string_view zone, std::uint64_t now_ms);
  // Asked of what no cache answers, right before it leaves.
  const char* ask_rate(std::uint64_t now_ms);

 private:
  struct Zone {
    std::uint64_t since_ms = 0;
    std::unordered_set<std::size_t> names;
  };
  const char* count_name(std::string_view name, std::string_view zone, std::uint64_t now_ms);

  policy::NameLimits limits_;
  std::map<std::string, Zone, std::less<>> zones_;
  double tokens_ = 0;
  std::uint64_t refilled_ms_ = 0;
  bool started_ = false;
};

// Bits per character (Shannon) of what stands in the text itself.
double entropy_bits(std::string_view text);

}  // namespace chaperone::dns
