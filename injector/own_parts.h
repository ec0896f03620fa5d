#pragma once
// What we put into a pod: the init step, the sidecar, their volumes. Every field that the API server
// would fill in is written out, so that a pod which went through it compares equal.

#include "injector/config.h"
#include "injector/json.h"

namespace chaperone::injector {

// JSON arrays in `memory`: [chaperone-init, chaperone] of this pod, and the volumes.
Json own_containers(const Json& pod, const AgentPolicy& policy, const Config& config,
                    JsonMemory& memory);
Json own_volumes(const AgentPolicy& policy, const Config& config, JsonMemory& memory);

// Whether `found` is `wanted` as the API server may have rewritten it: quantities by value, and
// resources may have grown (a LimitRange adds what was not said). Nothing else may differ.
bool same_part(const Json& found, const Json& wanted);

// A JSON string, quoted.
std::string in_quotes(std::string_view text);
// Parses our own text; a mistake in it is a bug.
Json parse_own(const std::string& text, JsonMemory& memory);

}  // namespace chaperone::injector
