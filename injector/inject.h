#pragma once
// The decision about one pod: a pure function of pod, namespace and configuration, so that every
// replica gives the same answer.

#include <string>
#include <string_view>

#include "injector/config.h"
#include "injector/finding.h"
#include "injector/json.h"

namespace chaperone::injector {

struct Injection {
  Findings findings;         // not empty: the pod must not run, and there is no patch
  std::string patch = "[]";  // RFC 6902; "[]": the pod is already what it must be
  std::string policy;        // that was chosen; empty where none was
};

// `pod` is a v1 Pod as an admission review carries it, or a workload's template.
Injection inject(const Json& pod, std::string_view namespace_name, const Config& config);

}  // namespace chaperone::injector
