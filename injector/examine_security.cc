// A container's security context: which user, which rights. Pod-level values count where the
// container sets none.
#include <rapidjson/document.h>

#include <algorithm>
#include <array>

#include "injector/examine.h"

namespace chaperone::injector {

namespace {
constexpr std::array<std::string_view, 3> kRootTierCapabilities = {"CHOWN", "DAC_OVERRIDE",
                                                                   "FOWNER"};

// The container's own value, else the pod's; `field` becomes where it stands.
const Json* effective(const Json& pod, const Json& container, const std::string& place,
                      const char* key, std::string& field) {
  field = place + ".securityContext." + key;
  if (const Json* own = at(&container, {"securityContext", key})) return own;
  field = std::string("spec.securityContext.") + key;
  return at(&pod, {"spec", "securityContext", key});
}

void examine_user(const Json& pod, const Json& container, const std::string& place,
                  const Examination& examination) {
  std::string field;
  auto user = integer_of(effective(pod, container, place, "runAsUser", field));
  if (user == examination.config.sidecar_uid || user == examination.config.init_uid)
    examination.add("sidecar_user", field, "that user is the sidecar's or the init step's",
                    "Choose another user");
  if (user == 0 && !examination.root_tier())
    examination.add("root_user", field, "root is for policies that the operator gave the root tier",
                    "Choose a user other than 0, or another policy");
  if (integer_of(at(&container, {"securityContext", "runAsGroup"})) ==
      examination.config.sidecar_gid)
    examination.add("sidecar_group", place + ".securityContext.runAsGroup",
                    "the sidecar's group is half of what the kernel's rules know it by",
                    "Choose another group");
}

void examine_capabilities(const Json& container, const std::string& place,
                          const Examination& examination) {
  const Json* added = at(&container, {"securityContext", "capabilities", "add"});
  for (std::size_t i = 0; i < count_of(added); ++i) {
    std::string_view name = text_of(&(*added)[static_cast<rapidjson::SizeType>(i)]);
    bool harmless = std::find(kRootTierCapabilities.begin(), kRootTierCapabilities.end(), name) !=
                    kRootTierCapabilities.end();
    if (harmless && examination.root_tier()) continue;
    examination.add("capability", place + ".securityContext.capabilities.add",
                    std::string(name) + " is a way around the rules", "Remove it");
  }
}

void examine_profiles(const Json& pod, const Json& container, const std::string& place,
                      const Examination& examination) {
  std::string field;
  std::string_view seccomp =
      text_of(member(effective(pod, container, place, "seccompProfile", field), "type"));
  if (!seccomp.empty() && seccomp != "RuntimeDefault")
    examination.add("seccomp", field, "address families that the packet filter never sees must "
                    "stay closed", "Use RuntimeDefault");
  std::string_view apparmor =
      text_of(member(effective(pod, container, place, "appArmorProfile", field), "type"));
  if (apparmor == "Unconfined")
    examination.add("apparmor", field, "unconfined", "Use RuntimeDefault");
  const Json* selinux = effective(pod, container, place, "seLinuxOptions", field);
  std::string_view type = text_of(member(selinux, "type"));
  bool known = type.empty() || type == "container_t" || type == "container_init_t" ||
               type == "container_kvm_t" || type == "container_engine_t";
  if (!known || !text_of(member(selinux, "user")).empty() ||
      !text_of(member(selinux, "role")).empty())
    examination.add("selinux", field, "another SELinux domain may reach the node", "Remove it");
  if (effective(pod, container, place, "windowsOptions", field))
    examination.add("windows", field, "the rules are Linux's", "Remove it");
}
}  // namespace

void examine_security(const Json& pod, const Json& container, const std::string& place,
                      const Examination& examination) {
  examine_user(pod, container, place, examination);
  if (is_true(at(&container, {"securityContext", "privileged"})))
    examination.add("privileged", place + ".securityContext.privileged",
                    "a privileged container can delete the rules", "Remove it");
  std::string_view proc = text_of(at(&container, {"securityContext", "procMount"}));
  if (!proc.empty() && proc != "Default")
    examination.add("proc_mount", place + ".securityContext.procMount",
                    "an unmasked /proc lets the kernel be reconfigured", "Remove it");
  examine_capabilities(container, place, examination);
  examine_profiles(pod, container, place, examination);
}

}  // namespace chaperone::injector
