#pragma once
// The kubelet's probes and hooks over the network: nothing from outside reaches an agent's port, so
// the kubelet is led to the sidecar's probe port, and the sidecar is told what to ask on loopback
// instead.

#include <string>
#include <string_view>

#include "injector/examine.h"
#include "injector/json.h"

namespace chaperone::injector {

// What of `container`'s probes and hooks cannot be led there: a host, a port that has no number or
// is the sidecar's own, a hook that only opens a connection.
void examine_probes(const Json& pod, const Json& container, const std::string& place,
                    const Examination& examination);

// Leads them there and writes the list into the sidecar's environment. `pod` has the sidecar and no
// findings. What was led there before keeps its line of the list, so that twice is once.
void shape_probes(Json& pod, JsonMemory& memory);

// The sidecar as it would be in a pod without probes.
Json without_probes(const Json& sidecar, JsonMemory& memory);

}  // namespace chaperone::injector
