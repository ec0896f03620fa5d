// What a container asks of the node and of the pod: ports, devices, mounts, references.
#include <rapidjson/document.h>

#include <algorithm>

#include "injector/examine.h"
#include "injector/names.h"
#include "injector/probes.h"

namespace chaperone::injector {

namespace {
template <class Take>
void each(const Json* array, Take take) {
  for (std::size_t i = 0; i < count_of(array); ++i)
    take((*array)[static_cast<rapidjson::SizeType>(i)]);
}

void examine_ports(const Json& container, const std::string& place,
                   const Examination& examination) {
  each(member(&container, "ports"), [&](const Json& port) {
    if (integer_of(member(&port, "hostPort")).value_or(0) != 0)
      examination.add("host_port", place + ".ports.hostPort", "the node would forward to the agent",
                      "Remove it");
  });
}

void examine_resources(const Json& container, const std::string& place,
                       const Examination& examination) {
  const auto& allowed = examination.config.allowed.extended_resources;
  for (const char* kind : {"limits", "requests"}) {
    const Json* resources = at(&container, {"resources", kind});
    if (!resources || !resources->IsObject()) continue;
    for (const auto& one : resources->GetObject()) {
      std::string_view name{one.name.GetString(), one.name.GetStringLength()};
      if (name.find('/') == std::string_view::npos) continue;
      if (std::find(allowed.begin(), allowed.end(), name) != allowed.end()) continue;
      examination.add("device", place + ".resources." + kind + "[" + std::string(name) + "]",
                      "a device may be a network of its own",
                      "Leave it out, or ask the operator to allow it");
    }
  }
  if (count_of(at(&container, {"resources", "claims"})) > 0)
    examination.add("device", place + ".resources.claims", "a device may be a network of its own",
                    "Leave it out");
}

// Our own trust mounts are let through here and compared in the patch.
bool is_trust_mount(const Json& mount) {
  if (text_of(member(&mount, "name")) != kTrustVolume || !is_true(member(&mount, "readOnly")))
    return false;
  std::string_view path = text_of(member(&mount, "mountPath"));
  std::string_view folder = text_of(member(&mount, "subPath"));
  return (path == kTrustPath && folder.empty()) || (path == kAccountPath && folder == kAccountFolder);
}

void examine_mounts(const Json& container, const std::string& place,
                    const Examination& examination) {
  each(member(&container, "volumeMounts"), [&](const Json& mount) {
    if (text_of(member(&mount, "name")).starts_with(kReserved) && !is_trust_mount(mount))
      examination.add("own_volume", place + ".volumeMounts", "that volume is the sidecar's",
                      "Remove the mount");
  });
  each(member(&container, "volumeDevices"), [&](const Json& device) {
    if (text_of(member(&device, "name")).starts_with(kReserved))
      examination.add("own_volume", place + ".volumeDevices", "that volume is the sidecar's",
                      "Remove it");
  });
}

void examine_reference(const Json* reference, const std::string& field,
                       const Examination& examination) {
  if (text_of(member(reference, "name")).starts_with("chaperone-"))
    examination.add("own_object", field, "what is named chaperone-* is the sidecar's alone",
                    "Remove the reference");
}

void examine_environment(const Json& container, const std::string& place,
                         const Examination& examination) {
  each(member(&container, "env"), [&](const Json& one) {
    const Json* from = member(&one, "valueFrom");
    examine_reference(member(from, "secretKeyRef"), place + ".env", examination);
    examine_reference(member(from, "configMapKeyRef"), place + ".env", examination);
  });
  each(member(&container, "envFrom"), [&](const Json& one) {
    examine_reference(member(&one, "secretRef"), place + ".envFrom", examination);
    examine_reference(member(&one, "configMapRef"), place + ".envFrom", examination);
  });
}
}  // namespace

void examine_container(const Json& pod, const Json& container, const std::string& place,
                       const Examination& examination) {
  std::string_view name = text_of(member(&container, "name"));
  if (name == "istio-init" || name == "istio-proxy" || name == "istio-validation" ||
      name == "linkerd-init" || name == "linkerd-proxy")
    examination.add("service_mesh", place,
                    "a service mesh redirects this pod's traffic, and so would the sidecar",
                    "Switch the mesh's injection off for this pod");
  examine_security(pod, container, place, examination);
  examine_ports(container, place, examination);
  examine_probes(pod, container, place, examination);
  examine_resources(container, place, examination);
  examine_mounts(container, place, examination);
  examine_environment(container, place, examination);
}

}  // namespace chaperone::injector
