#pragma once
// admission.k8s.io/v1 in, admission.k8s.io/v1 out. Pure: what the server adds is TLS and counting.

#include <string>
#include <string_view>

#include "injector/config.h"
#include "injector/finding.h"
#include "injector/json.h"

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

// /guard/enforced and /guard/others: the rules of the chart's admission policies, for API servers
// that have none; `enforced`: the request is about a namespace with chaperone.dev/enforce. What is
// none of the guarded requests passes.
Answer guard(std::string_view body, const Config& config, bool enforced);

// The parts of an AdmissionReview, for this room. Views and pointers into what was parsed.
struct Request {
  std::string_view uid, kind, operation, sub_resource, namespace_name, user;
  const Json* groups = nullptr;
  const Json* object = nullptr;
  const Json* old_object = nullptr;  // null where there was none
};
Result<Request> read_request(const Json& root);
Answer allowed(const Request& request, std::string outcome, std::string_view more = "");
Answer refused(const Request& request, Findings findings, std::string message = {});
Answer malformed(const Error& error);
Answer validate_pod(const Request& request, const Config& config);

}  // namespace chaperone::injector
