// The same rules as charts/chaperone/templates/admission-policies.yaml, in the same order and
// words; a change there is one here.
#include <rapidjson/document.h>

#include <algorithm>

#include "injector/names.h"
#include "injector/review.h"

namespace chaperone::injector {

namespace {

// A refusal in the policies' words, or none.
using Verdict = std::string;

bool is_ours(const Json& container) {
  return text_of(member(&container, "name")).starts_with(kReserved);
}

// Our containers of a pod, in their order.
std::vector<const Json*> ours_of(const Json* pod) {
  std::vector<const Json*> ours;
  const Json* list = at(pod, {"spec", "initContainers"});
  for (std::size_t i = 0; i < count_of(list); ++i) {
    const Json& one = (*list)[static_cast<rapidjson::SizeType>(i)];
    if (is_ours(one)) ours.push_back(&one);
  }
  return ours;
}

bool same_ours(const Json* before, const Json* after) {
  std::vector<const Json*> left = ours_of(before), right = ours_of(after);
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](const Json* one, const Json* other) { return *one == *other; });
}

// Every member of `one` that is ours is in `other`, with the same value.
bool ours_within(const Json* one, const Json* other) {
  if (!one || !one->IsObject()) return true;
  for (const auto& entry : one->GetObject()) {
    std::string_view key{entry.name.GetString(), entry.name.GetStringLength()};
    if (!key.starts_with(kAnnotations)) continue;
    const Json* found = member(other, key);
    if (!found || *found != entry.value) return false;
  }
  return true;
}

bool same_marks(const Json* before, const Json* after, const char* kind) {
  const Json* left = at(before, {"metadata", kind});
  const Json* right = at(after, {"metadata", kind});
  return ours_within(left, right) && ours_within(right, left);
}

bool holds(const std::vector<std::string>& list, std::string_view wanted) {
  return std::find(list.begin(), list.end(), wanted) != list.end();
}

bool is_admin(const Request& request, const Config& config) {
  if (holds(config.admins.users, request.user)) return true;
  for (std::size_t i = 0; i < count_of(request.groups); ++i) {
    const Json& group = (*request.groups)[static_cast<rapidjson::SizeType>(i)];
    if (holds(config.admins.groups, text_of(&group))) return true;
  }
  return false;
}

Verdict live_pod(const Request& request, bool enforced) {
  const Json *before = request.old_object, *after = request.object;
  if (!same_ours(before, after))
    return "the init step and the sidecar of a running pod cannot be changed";
  if (!same_marks(before, after, "annotations") || !same_marks(before, after, "labels"))
    return "annotations and labels of chaperone.dev cannot be changed on a running pod";
  bool agent = enforced || at(before, {"metadata", "annotations", kStatus});
  std::size_t had = count_of(at(before, {"spec", "ephemeralContainers"}));
  if (agent && count_of(at(after, {"spec", "ephemeralContainers"})) > had)
    return "debugging containers bring their own user and rights; they are refused in agents' pods";
  return {};
}

Verdict binding(const Request& request) {
  if (same_marks(nullptr, request.object, "annotations") &&
      same_marks(nullptr, request.object, "labels"))
    return {};
  return "a binding cannot set chaperone.dev annotations or labels";
}

Verdict connection(const Request& request, bool enforced) {
  bool enters = request.sub_resource == "exec" || request.sub_resource == "attach";
  if (enters && text_of(member(request.object, "container")).starts_with(kReserved))
    return "nobody enters the sidecar or the init step";
  if (!enters && enforced)
    return "ports of agents' pods are not forwarded: the packet rules cannot tell who dials from "
           "inside "
           "the pod";
  return {};
}

Verdict namespace_change(const Request& request, const Config& config) {
  if (same_marks(request.old_object, request.object, "labels") || is_admin(request, config))
    return {};
  return "labels of chaperone.dev on a namespace are changed only by those who may change "
         "chaperone's "
         "admission policies";
}

Verdict object_change(const Request& request, const Config& config) {
  std::string_view name = text_of(at(request.object, {"metadata", "name"}));
  bool read_by_sidecars = name.starts_with("chaperone-policy-") ||
                          name.starts_with("chaperone-credentials-") ||
                          name == "chaperone-collector";
  if (!read_by_sidecars || is_admin(request, config)) return {};
  return "what sidecars read is written only by those who may change chaperone's admission "
         "policies";
}

Verdict verdict_on(const Request& request, const Config& config, bool enforced) {
  if (request.operation == "CONNECT") return connection(request, enforced);
  if (request.kind == "Binding") return binding(request);
  if (request.kind == "Namespace") return namespace_change(request, config);
  if (request.kind == "ConfigMap" || request.kind == "Secret")
    return object_change(request, config);
  if (request.kind == "Pod" && request.operation == "UPDATE") return live_pod(request, enforced);
  return {};
}

bool is_agent(const Request& request, bool enforced) {
  const Json* annotations = at(request.object, {"metadata", "annotations"});
  return enforced || text_of(member(annotations, kInject)) == "true" ||
         member(annotations, kStatus);
}

}  // namespace

Answer guard(std::string_view body, const Config& config, bool enforced) {
  auto parsed = JsonText::parse(body, "the review");
  if (!parsed) return malformed(parsed.error());
  auto request = read_request(parsed->root());
  if (!request) return malformed(request.error());
  if (request->kind == "Pod" && request->operation == "CREATE")
    return is_agent(*request, enforced) ? validate_pod(*request, config)
                                        : allowed(*request, "passed");
  Verdict verdict = verdict_on(*request, config, enforced);
  if (verdict.empty()) return allowed(*request, "passed");
  return refused(*request, {{"guarded", std::string(request->kind), verdict, ""}},
                 "chaperone: " + verdict);
}

}  // namespace chaperone::injector
