#include "injector/probes.h"

#include <rapidjson/document.h>

#include <array>
#include <optional>

#include "injector/json_edit.h"
#include "injector/names.h"

namespace chaperone::injector {

namespace {

constexpr const char* kListVariable = "CHAPERONE_PROBES";
constexpr std::int64_t kProbePort = 19021;
// The sidecar's listeners (docs/capture.md) lie in between.
constexpr std::int64_t kOwnPortFirst = 19001, kOwnPortLast = 19090;
constexpr std::int64_t kHookSeconds = 30;  // a hook has no timeout of its own

struct Slot {
  const char *parent, *name;  // parent null: of the container itself
};
constexpr std::array<Slot, 5> kSlots = {{{nullptr, "livenessProbe"},
                                         {nullptr, "readinessProbe"},
                                         {nullptr, "startupProbe"},
                                         {"lifecycle", "postStart"},
                                         {"lifecycle", "preStop"}}};
constexpr std::array<const char*, 3> kHandlers = {"httpGet", "tcpSocket", "grpc"};

const Json* slot_of(const Json& container, const Slot& slot) {
  return slot.parent ? at(&container, {slot.parent, slot.name}) : member(&container, slot.name);
}

std::string path_of(const Json& container, const Slot& slot) {
  return "/" + std::string(text_of(member(&container, "name"))) + "/" + slot.name;
}

// A number, or the name of one of the container's ports.
std::optional<std::int64_t> port_of(const Json& container, const Json& handler) {
  const Json* port = member(&handler, "port");
  if (auto number = integer_of(port)) return number;
  const Json* declared = named(member(&container, "ports"), text_of(port));
  return text_of(port).empty() ? std::nullopt : integer_of(member(declared, "containerPort"));
}

// The list in the sidecar's environment, as an earlier pass left it; absent where there is none.
std::optional<JsonText> list_in(const Json& pod) {
  const Json* sidecar = named(at(&pod, {"spec", "initContainers"}), kSidecarName);
  const Json* variable = named(member(sidecar, "env"), kListVariable);
  auto parsed = JsonText::parse(text_of(member(variable, "value")), kListVariable);
  if (!parsed || !parsed->root().IsArray()) return std::nullopt;
  return std::move(parsed).value();
}

const Json* line_of(const std::optional<JsonText>& list, std::string_view path) {
  if (!list) return nullptr;
  for (const Json& one : list->root().GetArray()) {
    if (text_of(member(&one, "path")) == path) return &one;
  }
  return nullptr;
}

bool is_led(const Json* http, std::string_view path) {
  return integer_of(member(http, "port")) == kProbePort && text_of(member(http, "path")) == path;
}

void examine_handler(const Json& pod, const Json& container, const Slot& slot, const char* kind,
                     const Json& handler, const std::string& field,
                     const Examination& examination) {
  const std::string path = path_of(container, slot);
  if (!text_of(member(&handler, "host")).empty())
    return examination.add("network_probe", field + ".host", "the kubelet would ask somebody else",
                           "Leave the host out; its name belongs into httpHeaders");
  if (std::string_view(kind) == "tcpSocket" && slot.parent)
    return examination.add("network_probe", field, "Kubernetes has no such hook",
                           "Use exec or httpGet");
  auto port = port_of(container, handler);
  if (!port)
    return examination.add("network_probe", field + ".port",
                           "no port of the container has that name",
                           "Write the number, or name it in ports");
  bool own = *port >= kOwnPortFirst && *port <= kOwnPortLast;
  if (own && !(is_led(&handler, path) && line_of(list_in(pod), path)))
    examination.add("network_probe", field + ".port", "ports 19001 to 19090 are the sidecar's",
                    "Let the container listen elsewhere");
}

// The kubelet's question as the sidecar is to ask it.
Json line(const Json& container, const Json& around, const Slot& slot, const char* kind,
          JsonMemory& memory) {
  const Json& handler = *member(&around, kind);
  Json asked(handler, memory), one(rapidjson::kObjectType);
  put(asked, "port", Json(port_of(container, handler).value_or(0)), memory);
  put_text(one, "path", path_of(container, slot), memory);
  auto seconds =
      integer_of(member(&around, "timeoutSeconds")).value_or(slot.parent ? kHookSeconds : 1);
  put(one, "timeoutSeconds", Json(seconds), memory);
  put(one, kind, std::move(asked), memory);
  return one;
}

void lead(Json& around, const char* kind, const std::string& path, JsonMemory& memory) {
  around.RemoveMember(kind);
  Json& http = object_in(around, "httpGet", memory);
  put_text(http, "path", path, memory);
  put(http, "port", Json(kProbePort), memory);
  put_text(http, "scheme", "HTTP", memory);
}

void shape_container(Json& container, const std::optional<JsonText>& before, Json& list,
                     JsonMemory& memory) {
  for (const Slot& slot : kSlots) {
    if (!slot_of(container, slot)) continue;
    Json& parent = slot.parent ? container[slot.parent] : container;
    Json& around = parent[slot.name];
    const std::string path = path_of(container, slot);
    for (const char* kind : kHandlers) {
      const Json* handler = member(&around, kind);
      if (!handler) continue;
      const Json* known = is_led(handler, path) ? line_of(before, path) : nullptr;
      list.PushBack(known ? Json(*known, memory) : line(container, around, slot, kind, memory),
                    memory);
      if (!known) lead(around, kind, path, memory);
      break;
    }
  }
}

void drop_list(Json& sidecar) {
  if (count_of(member(&sidecar, "env")) == 0) return;
  Json& environment = sidecar["env"];
  for (auto one = environment.Begin(); one != environment.End();)
    one = text_of(member(one, "name")) == kListVariable ? environment.Erase(one) : one + 1;
}

void write_list(Json& sidecar, const Json& list, JsonMemory& memory) {
  const std::string text = to_text(list);
  const Json* found = named(member(&sidecar, "env"), kListVariable);
  if (list.Empty() ? !found : text_of(member(found, "value")) == text) return;
  drop_list(sidecar);
  if (list.Empty()) return;
  Json variable(rapidjson::kObjectType);
  put_text(variable, "name", kListVariable, memory);
  put_text(variable, "value", text, memory);
  array_in(sidecar, "env", memory).PushBack(variable, memory);
}

}  // namespace

void examine_probes(const Json& pod, const Json& container, const std::string& place,
                    const Examination& examination) {
  for (const Slot& slot : kSlots) {
    const Json* around = slot_of(container, slot);
    std::string field = place + (slot.parent ? ".lifecycle." : ".") + slot.name + ".";
    for (const char* kind : kHandlers) {
      if (const Json* handler = member(around, kind))
        examine_handler(pod, container, slot, kind, *handler, field + kind, examination);
    }
  }
}

void shape_probes(Json& pod, JsonMemory& memory) {
  const std::optional<JsonText> before = list_in(pod);
  Json list(rapidjson::kArrayType);
  Json* sidecar = nullptr;
  for (const char* name : {"initContainers", "containers"}) {
    if (count_of(at(&pod, {"spec", name})) == 0) continue;
    for (Json& container : pod["spec"][name].GetArray()) {
      if (text_of(member(&container, "name")) == kSidecarName)
        sidecar = &container;
      else if (!text_of(member(&container, "name")).starts_with(kReserved))
        shape_container(container, before, list, memory);
    }
  }
  if (sidecar) write_list(*sidecar, list, memory);
}

Json without_probes(const Json& sidecar, JsonMemory& memory) {
  Json copy(sidecar, memory);
  if (copy.IsObject()) drop_list(copy);
  return copy;
}

}  // namespace chaperone::injector
