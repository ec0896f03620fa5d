#pragma once
// Which of the operator's policies a pod gets: the one it names, if it may, or the default.

#include <string_view>

#include "injector/config.h"
#include "injector/finding.h"
#include "injector/json.h"

namespace chaperone::injector {

// Null with a finding where there is none. The policy lives in `config`.
const AgentPolicy* choose_policy(const Json& pod, std::string_view namespace_name,
                                 const Config& config, Findings& findings);

}  // namespace chaperone::injector
