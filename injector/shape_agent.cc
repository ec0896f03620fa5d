#include <array>

#include "injector/json_edit.h"
#include "injector/names.h"
#include "injector/own_parts.h"
#include "injector/shape.h"

namespace chaperone::injector {

namespace {
constexpr std::string_view kBundle = "/run/chaperone/trust/bundle.pem";
constexpr std::string_view kCa = "/run/chaperone/trust/ca.pem";

// Variables that point clients at the pod's CA: at the bundle where they replace a client's own roots.
constexpr std::array<std::pair<const char*, std::string_view>, 17> kTrustEnvironment = {{
    {"PGSSLROOTCERT", kBundle},
    {"SSL_CERT_FILE", kBundle},
    {"NODE_EXTRA_CA_CERTS", kCa},
    {"DENO_CERT", kCa},
    {"DENO_TLS_CA_STORE", "system,mozilla"},
    {"REQUESTS_CA_BUNDLE", kBundle},
    {"CURL_CA_BUNDLE", kBundle},
    {"PIP_CERT", kBundle},
    {"GIT_SSL_CAINFO", kBundle},
    {"AWS_CA_BUNDLE", kBundle},
    {"CARGO_HTTP_CAINFO", kBundle},
    {"npm_config_cafile", kBundle},
    {"GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", kBundle},
    {"CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE", kBundle},
    {"NIX_SSL_CERT_FILE", kBundle},
    {"HTTPLIB2_CA_CERTS", kBundle},
    {"PERL_LWP_SSL_CA_FILE", kBundle},
}};
// Java takes its switches from here, those of the pod among them.
constexpr const char* kJavaVariable = "JAVA_TOOL_OPTIONS";
constexpr std::string_view kJavaOptions =
    "-Djavax.net.ssl.trustStore=/run/chaperone/trust/trust.jks -Djavax.net.ssl.trustStoreType=JKS "
    "-Djavax.net.ssl.trustStorePassword=changeit";

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
  bool trust = false, account = false;
  for (const Json& one : mounts.GetArray()) {
    std::string_view path = text_of(member(&one, "mountPath"));
    trust = trust || (path == kTrustPath && text_of(member(&one, "name")) == kTrustVolume);
    account = account || path == kAccountPath;
  }
  if (!trust)
    mounts.PushBack(parse_own(R"({"name":"chaperone-trust","mountPath":"/run/chaperone/trust",)"
                              R"("readOnly":true})", memory), memory);
  // In-cluster clients want a token there; this one is no token. What the pod itself has there stays.
  if (!account)
    mounts.PushBack(parse_own(R"({"name":"chaperone-trust","readOnly":true,"subPath":"serviceaccount",)"
                              R"("mountPath":"/var/run/secrets/kubernetes.io/serviceaccount"})",
                              memory), memory);
}

// The last of several with one name is what counts, so there must be no other.
void set_variable(Json& environment, const char* name, std::string_view value, JsonMemory& memory) {
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

// Behind the pod's own switches: of two the last counts.
void set_java_options(Json& environment, JsonMemory& memory) {
  std::string value;
  for (const Json& one : environment.GetArray()) {
    if (text_of(member(&one, "name")) == kJavaVariable) value = text_of(member(&one, "value"));
  }
  if (!value.ends_with(kJavaOptions)) value += (value.empty() ? "" : " ") + std::string(kJavaOptions);
  set_variable(environment, kJavaVariable, value, memory);
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
  set_java_options(environment, memory);
}

}  // namespace chaperone::injector
