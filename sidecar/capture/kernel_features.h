#pragma once
// When the kernel refuses the ruleset it says "No such file or directory". Here each thing that the
// rules need is asked for alone, so that the error can name what is missing.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/capture/parameters.h"

namespace chaperone::capture {

struct Feature {
  std::string_view name;  // for people, with the kernel's option
  std::string probe;      // a ruleset that needs this and little else
};

// Whether the kernel would take `probe`; must change nothing.
using Probe = std::function<bool(const std::string& probe)>;

std::vector<Feature> nft_features();
std::vector<Feature> iptables_features(Family family);

// The names of those that the kernel lacks.
std::vector<std::string> missing(const std::vector<Feature>& features, const Probe& probe);

// Packet sockets can be guarded on this kernel (5.16 or later) and device.
std::string egress_probe(const std::string& device);

}  // namespace chaperone::capture
