// The fields of a pod's spec and metadata that open another way out.
#include <rapidjson/document.h>

#include <algorithm>

#include "injector/examine.h"
#include "injector/names.h"

namespace chaperone::injector {

namespace {
struct Switch {
  const char *field, *code, *reason;
};
// Each must be absent or false.
constexpr Switch kSwitches[] = {
    {"hostNetwork", "host_network", "the node's network has none of the pod's rules"},
    {"hostPID", "host_pid", "the node's processes, their files and sockets would be in reach"},
    {"hostIPC", "host_ipc", "the node's shared memory would be in reach"},
    {"shareProcessNamespace", "share_process_namespace",
     "the sidecar's process, its files and memory would be in reach"},
};

bool names_group(const Json* groups, std::int64_t gid) {
  for (std::size_t i = 0; i < count_of(groups); ++i) {
    if (integer_of(&(*groups)[static_cast<rapidjson::SizeType>(i)]) == gid) return true;
  }
  return false;
}

void examine_groups(const Json* context, const Examination& examination) {
  std::int64_t gid = examination.config.sidecar_gid;
  const char* reason = "the sidecar's group is half of what the kernel's rules know it by";
  if (integer_of(member(context, "runAsGroup")) == gid)
    examination.add("sidecar_group", "spec.securityContext.runAsGroup", reason,
                    "Choose another group");
  if (integer_of(member(context, "fsGroup")) == gid)
    examination.add("sidecar_group", "spec.securityContext.fsGroup", reason,
                    "Choose another group");
  if (names_group(member(context, "supplementalGroups"), gid))
    examination.add("sidecar_group", "spec.securityContext.supplementalGroups", reason,
                    "Choose another group");
}

void examine_runtime(const Json* spec, const Examination& examination) {
  std::string_view runtime = text_of(member(spec, "runtimeClassName"));
  const auto& allowed = examination.config.allowed.runtime_classes;
  if (!runtime.empty() && std::find(allowed.begin(), allowed.end(), runtime) == allowed.end())
    examination.add("runtime_class", "spec.runtimeClassName",
                    "another runtime's kernel may not take the packet filter's rules",
                    "Leave it out, or ask the operator to allow this class");
  if (text_of(at(spec, {"os", "name"})) == "windows")
    examination.add("windows", "spec.os.name", "the rules are Linux's", "Use Linux");
  if (!text_of(member(spec, "nodeName")).empty())
    examination.add("node_name", "spec.nodeName", "a pod put on a node by hand skips the scheduler",
                    "Leave it out; use nodeSelector or affinity");
  if (count_of(member(spec, "resourceClaims")) > 0)
    examination.add("resource_claims", "spec.resourceClaims",
                    "a claimed device may be a network of its own", "Leave it out");
}

void examine_annotations(const Json& pod, const Examination& examination) {
  const Json* annotations = at(&pod, {"metadata", "annotations"});
  if (!annotations || !annotations->IsObject()) return;
  for (const auto& one : annotations->GetObject()) {
    std::string_view key{one.name.GetString(), one.name.GetStringLength()};
    std::string field = "metadata.annotations[" + std::string(key) + "]";
    bool ours = key == kInject || key == kPolicy || key == kStatus;
    if (key.starts_with(kAnnotations) && !ours)
      examination.add("unknown_annotation", field, "nothing of that name is known",
                      "Remove it; a pod may set chaperone.dev/inject and chaperone.dev/policy");
    if (key.starts_with("container.apparmor.security.beta.kubernetes.io/") &&
        text_of(&one.value) == "unconfined")
      examination.add("apparmor", field, "unconfined", "Remove it");
    if (key == "kubernetes.io/config.mirror")
      examination.add("static_pod", field, "a node's static pod cannot be changed any more",
                      "Run agents by the API server");
    if (key == "sidecar.istio.io/status" || key == "linkerd.io/proxy-version")
      examination.add("service_mesh", field,
                      "a service mesh redirects this pod's traffic, and so would the sidecar",
                      "Switch the mesh's injection off for this pod");
  }
}
}  // namespace

void examine_pod(const Json& pod, const Examination& examination) {
  const Json* spec = member(&pod, "spec");
  for (const Switch& one : kSwitches) {
    if (is_true(member(spec, one.field)))
      examination.add(one.code, std::string("spec.") + one.field, one.reason, "Remove it");
  }
  if (count_of(at(spec, {"securityContext", "sysctls"})) > 0)
    examination.add("sysctls", "spec.securityContext.sysctls",
                    "the pod's network must stay as the rules found it", "Remove them");
  examine_groups(member(spec, "securityContext"), examination);
  examine_runtime(spec, examination);
  examine_annotations(pod, examination);
}

}  // namespace chaperone::injector
