#include "injector/review.h"

#include <rapidjson/document.h>

#include "injector/base64.h"
#include "injector/inject.h"
#include "injector/json.h"
#include "injector/limits.h"
#include "injector/own_parts.h"

namespace chaperone::injector {

namespace {
std::string review_with(std::string_view uid, std::string_view members) {
  return R"({"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"uid":)" +
         in_quotes(uid) + std::string(members) + "}}";
}
}  // namespace

Result<Request> read_request(const Json& root) {
  const Json* request = member(&root, "request");
  Request read;
  read.uid = text_of(member(request, "uid"));
  read.kind = text_of(at(request, {"kind", "kind"}));
  read.operation = text_of(member(request, "operation"));
  read.sub_resource = text_of(member(request, "subResource"));
  read.user = text_of(at(request, {"userInfo", "username"}));
  read.groups = at(request, {"userInfo", "groups"});
  read.old_object = member(request, "oldObject");
  // The object's own may be empty still: the API server fills it in later.
  read.namespace_name = text_of(member(request, "namespace"));
  read.object = member(request, "object");
  if (text_of(member(&root, "apiVersion")) != "admission.k8s.io/v1" || read.uid.empty() ||
      !read.object || !read.object->IsObject()) {
    return Error{"this is no AdmissionReview of admission.k8s.io/v1 with an object"};
  }
  return read;
}

Answer allowed(const Request& request, std::string outcome, std::string_view more) {
  return {200, review_with(request.uid, R"(,"allowed":true)" + std::string(more)),
          std::move(outcome), {}};
}

Answer refused(const Request& request, Findings findings, std::string message) {
  if (message.empty()) message = words(findings);
  std::string members = R"(,"allowed":false,"status":{"code":403,"reason":"Forbidden","message":)" +
                        in_quotes(message) + "}";
  return {200, review_with(request.uid, members), "refused", std::move(findings)};
}

Answer malformed(const Error& error) { return {400, error.message + "\n", "malformed", {}}; }

namespace {
// What keeps the cluster and ourselves running is never touched, whatever the selectors say.
bool is_left_alone(std::string_view namespace_name, const Config& config) {
  return namespace_name == "kube-system" || namespace_name == config.own_namespace;
}

// The pod template of a workload, or null.
const Json* template_of(const Request& request) {
  if (request.kind == "CronJob")
    return at(request.object, {"spec", "jobTemplate", "spec", "template"});
  return at(request.object, {"spec", "template"});
}

Answer warn(const Request& request, const Config& config) {
  const Json* pod = template_of(request);
  if (!pod) return allowed(request, "passed");
  Injection injection = inject(*pod, request.namespace_name, config);
  if (injection.findings.empty()) return allowed(request, "passed");
  std::string warnings;
  for (std::size_t i = 0; i < injection.findings.size() && i < kFindingsShownMax; ++i) {
    const Finding& finding = injection.findings[i];
    warnings += (i ? "," : "") + in_quotes("chaperone will refuse its pods: " + finding.field + ": " +
                                        finding.reason + ". " + finding.fix);
  }
  Answer answer = allowed(request, "warned", R"(,"warnings":[)" + warnings + "]");
  answer.findings = std::move(injection.findings);
  return answer;
}
}  // namespace

Answer mutate(std::string_view body, const Config& config) {
  auto parsed = JsonText::parse(body, "the review");
  if (!parsed) return malformed(parsed.error());
  auto request = read_request(parsed->root());
  if (!request) return malformed(request.error());
  if (request->kind != "Pod") return refused(*request, {}, "this path is for pods alone");
  if (is_left_alone(request->namespace_name, config)) return allowed(*request, "passed");
  Injection injection = inject(*request->object, request->namespace_name, config);
  if (!injection.findings.empty())
    return refused(*request, std::move(injection.findings));
  if (injection.patch == "[]") return allowed(*request, "unchanged");
  return allowed(*request, "patched",
                 R"(,"patchType":"JSONPatch","patch":")" + to_base64(injection.patch) + '"');
}

Answer validate(std::string_view body, const Config& config) {
  auto parsed = JsonText::parse(body, "the review");
  if (!parsed) return malformed(parsed.error());
  auto request = read_request(parsed->root());
  if (!request) return malformed(request.error());
  if (is_left_alone(request->namespace_name, config)) return allowed(*request, "passed");
  if (request->kind != "Pod") return warn(*request, config);
  if (request->operation != "CREATE") return allowed(*request, "passed");
  return validate_pod(*request, config);
}

Answer validate_pod(const Request& request, const Config& config) {
  Injection injection = inject(*request.object, request.namespace_name, config);
  if (!injection.findings.empty()) return refused(request, std::move(injection.findings));
  if (injection.patch == "[]") return allowed(request, "unchanged");
  return refused(request,
                 {{"not_injected", "spec", "the pod differs from what the injector makes", ""}},
                 "chaperone: this pod was not injected, or was changed after it was; is another "
                 "webhook at work?");
}

}  // namespace chaperone::injector
