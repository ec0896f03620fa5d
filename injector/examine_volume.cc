// Volumes: what is not plainly local to the pod or claimed from the cluster is refused. A volume on
// the network (NFS and the like) is traffic that the node sends for the agent, past the sidecar.
#include <rapidjson/document.h>

#include <algorithm>
#include <array>

#include "injector/examine.h"
#include "injector/names.h"

namespace chaperone::injector {

namespace {
constexpr std::array<std::string_view, 7> kHarmless = {
    "emptyDir",  "configMap",             "secret", "downwardAPI",
    "projected", "persistentVolumeClaim", "image",
};

bool one_of(const std::vector<std::string>& list, std::string_view wanted) {
  return std::find(list.begin(), list.end(), wanted) != list.end();
}

bool is_ours(std::string_view name) { return name.starts_with("chaperone-"); }

void examine_projected(const Json* sources, const std::string& field,
                       const Examination& examination) {
  for (std::size_t i = 0; i < count_of(sources); ++i) {
    const Json& source = (*sources)[static_cast<rapidjson::SizeType>(i)];
    if (member(&source, "serviceAccountToken") || member(&source, "podCertificate"))
      examination.add("token", field, "an agent holds no credential of the cluster",
                      "Remove the token");
    if (is_ours(text_of(at(&source, {"secret", "name"}))) ||
        is_ours(text_of(at(&source, {"configMap", "name"}))))
      examination.add("own_object", field, "what is named chaperone-* is the sidecar's alone",
                      "Remove the reference");
  }
}

void examine_kind(const Json& volume, std::string_view kind, const std::string& field,
                  const Examination& examination) {
  if (kind == "csi") {
    std::string_view driver = text_of(at(&volume, {"csi", "driver"}));
    if (!one_of(examination.config.allowed.csi_drivers, driver))
      examination.add("csi_volume", field, "this driver runs on the node for whoever asks",
                      "Use a claim, or ask the operator to allow the driver");
  } else if (kind == "hostPath") {
    examination.add("host_path", field, "the node's files and sockets would be in reach",
                    "Use emptyDir or a claim");
  } else if (kind != "ephemeral" &&
             std::find(kHarmless.begin(), kHarmless.end(), kind) == kHarmless.end()) {
    examination.add("volume_kind", field + "." + std::string(kind),
                    "the node would reach out for the agent, past the sidecar", "Use a claim");
  }
}
}  // namespace

void examine_volume(const Json& volume, const Examination& examination) {
  std::string_view name = text_of(member(&volume, "name"));
  bool looked_at_elsewhere = name.starts_with(kReserved) || name.starts_with(kTokenVolume);
  if (!volume.IsObject() || looked_at_elsewhere) return;
  std::string field = "spec.volumes[" + std::string(name) + "]";
  for (const auto& one : volume.GetObject()) {
    std::string_view kind{one.name.GetString(), one.name.GetStringLength()};
    if (kind != "name" && !one.value.IsNull()) examine_kind(volume, kind, field, examination);
  }
  if (is_ours(text_of(at(&volume, {"secret", "secretName"}))) ||
      is_ours(text_of(at(&volume, {"configMap", "name"}))))
    examination.add("own_object", field, "what is named chaperone-* is the sidecar's alone",
                    "Remove the reference");
  examine_projected(at(&volume, {"projected", "sources"}), field, examination);
}

}  // namespace chaperone::injector
