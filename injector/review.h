#pragma once
// admission.k8s.io/v1 in, admission.k8s.io/v1 out. Pure: what the server adds is TLS and counting.

#include <string>
#include <string_view>

#include "injector/config.h"
#include "injector/finding.h"

namespace chaperone::injector {

struct Answer {
  int http_status = 200;
  std::string body;
  std::string outcome;  // "patched", "unchanged", "refused", "warned", "passed", "malformed"
  Findings findings;
};

// /mutate: a pod at its creation. Patched, or refused with all its findings.
Answer mutate(std::string_view body, const Config& config);

// /validate: a pod as all webhooks left it is refused unless it is exactly as injected; a workload's
// template is let through, its findings as warnings, so that its author sees them early.
Answer validate(std::string_view body, const Config& config);

}  // namespace chaperone::injector
