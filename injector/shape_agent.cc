#include <array>

#include "injector/json_edit.h"
#include "injector/names.h"
#include "injector/own_parts.h"
#include "injector/shape.h"

namespace chaperone::injector {

namespace {
// Variables that point clients at the pod's CA. Those that would replace a client's public roots are
// not among them: the bundle holds none yet.
constexpr std::array<std::pair<const char*, const char*>, 3> kTrustEnvironment = {{
    {"PGSSLROOTCERT", "/run/chaperone/trust/bundle.pem"},
    {"NODE_EXTRA_CA_CERTS", "/run/chaperone/trust/ca.pem"},
    {"DENO_CERT", "/run/chaperone/trust/ca.pem"},
}};

void drop_token_mounts(Json& container) {
  if (count_of(member(&container, "volumeMounts")) == 0) return;
  Json& mounts = container["volumeMounts"];
  for (auto one = mounts.Begin(); one != mounts.End();) {
    bool token = text_of(member(one, "name")).starts_with(kTokenVolume);
    one = token ? mounts.Erase(one) : one + 1;
  }
}

void mount_trust(Json& container, JsonMemory& memory) {
  Json& mounts = array_in(container, "volumeMounts", memory);
  for (const Json& one : mounts.GetArray()) {
    if (text_of(member(&one, "name")) == kTrustVolume) return;
  }
  mounts.PushBack(parse_own(R"({"name":"chaperone-trust","mountPath":"/run/chaperone/trust",)"
                            R"("readOnly":true})", memory), memory);
}

// The last of several with one name is what counts, so there must be no other.
void set_variable(Json& environment, const char* name, const char* value, JsonMemory& memory) {
  std::size_t found = 0;
  bool right = false;
  for (const Json& one : environment.GetArray()) {
    if (text_of(member(&one, "name")) != name) continue;
    ++found;
    right = text_of(member(&one, "value")) == value && !member(&one, "valueFrom");
  }
  if (found == 1 && right) return;
  for (auto one = environment.Begin(); one != environment.End();)
    one = text_of(member(one, "name")) == name ? environment.Erase(one) : one + 1;
  Json variable(rapidjson::kObjectType);
  put_text(variable, "name", name, memory);
  put_text(variable, "value", value, memory);
  environment.PushBack(variable, memory);
}

// Its own choice, the pod's, root where the operator allows it and nobody asked for less, ours.
std::int64_t user_of(const Json& pod, const Json& container, const AgentPolicy& policy,
                     const Config& config) {
  const Json* context = member(&container, "securityContext");
  const Json* around = at(&pod, {"spec", "securityContext"});
  if (auto own = integer_of(member(context, "runAsUser"))) return *own;
  if (auto pods = integer_of(member(around, "runAsUser"))) return *pods;
  bool not_root = is_true(member(context, "runAsNonRoot")) || is_true(member(around, "runAsNonRoot"));
  return policy.root_tier && !not_root ? 0 : config.agent_uid;
}

void shape_security(const Json& pod, Json& container, const AgentPolicy& policy,
                    const Config& config, JsonMemory& memory) {
  std::int64_t user = user_of(pod, container, policy, config);
  Json& context = object_in(container, "securityContext", memory);
  put(context, "runAsUser", Json(user), memory);
  if (user != 0) put(context, "runAsNonRoot", Json(true), memory);
  put(context, "allowPrivilegeEscalation", Json(false), memory);
  Json& capabilities = object_in(context, "capabilities", memory);
  put(capabilities, "drop", parse_own(R"(["ALL"])", memory), memory);
  // What an image needs that unpacks, installs and chowns as root; nothing that changes users.
  if (user == 0 && policy.root_tier)
    put(capabilities, "add", parse_own(R"(["CHOWN","DAC_OVERRIDE","FOWNER"])", memory), memory);
  if (!at(&pod, {"spec", "securityContext", "seccompProfile"}))
    put(context, "seccompProfile", parse_own(R"({"type":"RuntimeDefault"})", memory), memory);
}
}  // namespace

void shape_agent(const Json& pod, Json& container, const AgentPolicy& policy, const Config& config,
                 JsonMemory& memory) {
  if (!container.IsObject()) return;
  shape_security(pod, container, policy, config, memory);
  drop_token_mounts(container);
  mount_trust(container, memory);
  Json& environment = array_in(container, "env", memory);
  for (const auto& [name, value] : kTrustEnvironment)
    set_variable(environment, name, value, memory);
}

}  // namespace chaperone::injector
