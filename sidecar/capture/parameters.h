#pragma once
// What the ruleset is made from. All of it is the operator's: nothing here may come from the pod.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proto-parsers/base/result.h"
#include "sidecar/capture/limits.h"

namespace chaperone::capture {

enum class Family { V4, V6 };

// Where the sidecar listens. Traffic is redirected to `outbound` (TCP), `dns` (port 53 of UDP and
// TCP) and `inbound` (declared ports of the pod); `probe` and `metrics` are dialled from outside.
struct Ports {
  std::uint16_t outbound = 19001;
  std::uint16_t inbound = 19006;
  std::uint16_t probe = 19021;
  std::uint16_t dns = 19053;
  std::uint16_t metrics = 19090;
};

struct Parameters {
  std::uint32_t sidecar_uid = 19337;  // exempt only together with the group
  std::uint32_t sidecar_gid = 19337;
  std::vector<std::string> resolvers4;  // the sidecar's upstream resolvers, numeric
  std::vector<std::string> resolvers6;
  std::vector<std::string> devices;  // guarded at layer 2; none: no layer-2 table
  std::vector<std::uint16_t> inbound_ports;
  Ports ports;
  unsigned dials_max = kDialsMax;
  std::uint32_t last_uid = UINT32_MAX - 1;  // that exists in the pod; xt_owner takes no other
};

// Files a numeric address under its family; an error names what is not an address.
Result<void> add_resolver(Parameters& parameters, std::string_view address);

// Everything that would make a ruleset wrong or unsafe, before any is made: names and addresses go
// into the rules' text, so what is not plainly a device or an address is refused here.
Result<void> check(const Parameters& parameters);

}  // namespace chaperone::capture
