#include <algorithm>

#include "injector/json_edit.h"
#include "injector/limits.h"
#include "injector/names.h"
#include "injector/own_parts.h"
#include "injector/probes.h"
#include "injector/shape.h"

namespace chaperone::injector {

namespace {
bool is_reserved(const Json& one) { return text_of(member(&one, "name")).starts_with(kReserved); }

// Whatever stands under our names must be ours.
void find_strangers(const Json* found, const Json& ours, const std::string& list,
                    JsonMemory& memory, Findings& findings) {
  for (std::size_t i = 0; i < count_of(found); ++i) {
    const Json& one = (*found)[static_cast<rapidjson::SizeType>(i)];
    if (!is_reserved(one)) continue;
    const Json* wanted = named(&ours, text_of(member(&one, "name")));
    // Its list of probes is written anew below.
    if (wanted && same_part(without_probes(one, memory), *wanted)) continue;
    findings.push_back({"reserved_name",
                        list + "[" + std::string(text_of(member(&one, "name"))) + "]",
                        "names that begin with chaperone are the injector's, and this is not what "
                        "it puts there", "Remove or rename it"});
  }
}

// Ours to the front, in order; what is already there stays as the API server wrote it.
void lead_with(Json& list, Json& ours, JsonMemory& memory) {
  Json kept(rapidjson::kArrayType);
  for (Json& wanted : ours.GetArray()) {
    const Json* found = named(&list, text_of(member(&wanted, "name")));
    kept.PushBack(found ? Json(*found, memory) : Json(wanted, memory), memory);
  }
  for (Json& one : list.GetArray()) {
    if (!is_reserved(one)) kept.PushBack(one, memory);
  }
  list = kept;
}

void shape_volumes(Json& spec, const Json& ours, JsonMemory& memory) {
  Json& volumes = array_in(spec, "volumes", memory);
  for (auto one = volumes.Begin(); one != volumes.End();) {
    bool token = text_of(member(one, "name")).starts_with(kTokenVolume);
    one = token ? volumes.Erase(one) : one + 1;
  }
  for (const Json& wanted : ours.GetArray()) {
    if (!named(&volumes, text_of(member(&wanted, "name"))))
      volumes.PushBack(Json(wanted, memory), memory);
  }
}

void shape_annotations(Json& pod, const AgentPolicy& policy, const Config& config,
                       JsonMemory& memory) {
  Json& annotations = object_in(object_in(pod, "metadata", memory), "annotations", memory);
  put_text(annotations, kStatus,
           R"({"policy":)" + in_quotes(policy.name) + R"(,"init":)" + in_quotes(config.init_image) +
               R"(,"sidecar":)" + in_quotes(config.sidecar_image) + "}",
           memory);
  if (!config.scrape_annotations) return;
  put_text(annotations, "prometheus.io/scrape", "true", memory);
  put_text(annotations, "prometheus.io/port", "19090", memory);
  put_text(annotations, "prometheus.io/path", "/metrics", memory);
}

void shape_agents(Json& pod, const char* list, const AgentPolicy& policy, const Config& config,
                  JsonMemory& memory) {
  const Json around(pod, memory);
  Json& spec = object_in(pod, "spec", memory);
  if (!member(&spec, list)) return;
  for (Json& container : array_in(spec, list, memory).GetArray()) {
    if (!is_reserved(container)) shape_agent(around, container, policy, config, memory);
  }
}
}  // namespace

void shape_pod(Json& pod, const AgentPolicy& policy, const Config& config, JsonMemory& memory,
               Findings& findings) {
  Json& spec = object_in(pod, "spec", memory);
  Json containers = own_containers(pod, policy, config, memory), none(rapidjson::kArrayType);
  Json volumes = own_volumes(policy, config, memory);
  find_strangers(member(&spec, "initContainers"), containers, "spec.initContainers", memory, findings);
  find_strangers(member(&spec, "containers"), none, "spec.containers", memory, findings);
  find_strangers(member(&spec, "volumes"), volumes, "spec.volumes", memory, findings);
  if (!findings.empty()) return;

  shape_agents(pod, "initContainers", policy, config, memory);
  shape_agents(pod, "containers", policy, config, memory);
  lead_with(array_in(spec, "initContainers", memory), containers, memory);
  shape_volumes(spec, volumes, memory);
  shape_probes(pod, memory);
  put(spec, "automountServiceAccountToken", Json(false), memory);
  put(spec, "enableServiceLinks", Json(false), memory);
  std::int64_t grace = integer_of(member(&spec, "terminationGracePeriodSeconds")).value_or(0);
  put(spec, "terminationGracePeriodSeconds",
      Json(std::max<std::int64_t>(grace, kGraceSecondsMin)), memory);
  shape_annotations(pod, policy, config, memory);
}

}  // namespace chaperone::injector
