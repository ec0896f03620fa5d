#pragma once
// Makes of a pod what it must be. Changing what already is so changes nothing.

#include "injector/config.h"
#include "injector/finding.h"
#include "injector/json.h"

namespace chaperone::injector {

// `pod` has no findings. What stands under our names and is not ours becomes a finding.
void shape_pod(Json& pod, const AgentPolicy& policy, const Config& config, JsonMemory& memory,
               Findings& findings);

// One container that is not ours, `pod` being the pod around it.
void shape_agent(const Json& pod, Json& container, const AgentPolicy& policy, const Config& config,
                 JsonMemory& memory);

}  // namespace chaperone::injector
