#include "injector/examine.h"

#include <rapidjson/document.h>

#include "injector/names.h"

namespace chaperone::injector {

namespace {
void examine_containers(const Json& pod, std::string_view list, const Examination& examination) {
  const Json* containers = at(&pod, {"spec", list});
  for (std::size_t i = 0; i < count_of(containers); ++i) {
    const Json& container = (*containers)[static_cast<rapidjson::SizeType>(i)];
    std::string_view name = text_of(member(&container, "name"));
    // Ours are compared with what they must be; a stranger under such a name is found there.
    if (name.starts_with(kReserved)) continue;
    std::string place = "spec." + std::string(list) + "[" + std::string(name) + "]";
    examine_container(pod, container, place, examination);
  }
}
}  // namespace

Findings examine(const Json& pod, const AgentPolicy* policy, const Config& config) {
  Findings findings;
  Examination examination{config, policy, findings};
  examine_pod(pod, examination);
  examine_containers(pod, "initContainers", examination);
  examine_containers(pod, "containers", examination);
  if (count_of(at(&pod, {"spec", "ephemeralContainers"})) > 0) {
    examination.add("ephemeral_container", "spec.ephemeralContainers",
                    "a debugging container brings its own user and rights", "Remove them");
  }
  const Json* volumes = at(&pod, {"spec", "volumes"});
  for (std::size_t i = 0; i < count_of(volumes); ++i)
    examine_volume((*volumes)[static_cast<rapidjson::SizeType>(i)], examination);
  return findings;
}

}  // namespace chaperone::injector
