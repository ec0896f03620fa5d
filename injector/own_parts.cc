#include "injector/own_parts.h"

#include <fmt/format.h>
#include <rapidjson/document.h>

#include <set>

#include "injector/names.h"
#include "injector/quantity.h"
#include "proto-parsers/base/check.h"

namespace chaperone::injector {

namespace {
// {0} image, {1} pull policy, {2} arguments, {3} resources, {4} user.
constexpr const char* kInitContainer = R"({{
  "name": "chaperone-init", "image": {0}, "imagePullPolicy": {1}, "args": {2}, "resources": {3},
  "terminationMessagePath": "/dev/termination-log",
  "terminationMessagePolicy": "FallbackToLogsOnError",
  "securityContext": {{
    "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "runAsNonRoot": true,
    "runAsUser": {4}, "runAsGroup": {4}, "seccompProfile": {{"type": "RuntimeDefault"}},
    "capabilities": {{"drop": ["ALL"], "add": ["NET_ADMIN"]}}}}}})";

// {0} image, {1} pull policy, {2} resources, {3} user, {4} group, {5} environment. Agents start when the
// hook has ended, which is when the sidecar serves: a startup probe would look once a second.
constexpr const char* kSidecar = R"({{
  "name": "chaperone", "image": {0}, "imagePullPolicy": {1}, "restartPolicy": "Always",
  "args": ["--config", "/etc/chaperone/sidecar.yaml"], "env": {5}, "resources": {2},
  "ports": [{{"name": "chaperone", "containerPort": 19090, "protocol": "TCP"}}],
  "terminationMessagePath": "/dev/termination-log",
  "terminationMessagePolicy": "FallbackToLogsOnError",
  "lifecycle": {{"postStart": {{"exec": {{"command": ["/chaperone-sidecar", "await"]}}}}}},
  "readinessProbe": {{"httpGet": {{"path": "/readyz", "port": 19090, "scheme": "HTTP"}},
    "periodSeconds": 5, "timeoutSeconds": 2, "successThreshold": 1, "failureThreshold": 3}},
  "livenessProbe": {{"httpGet": {{"path": "/healthz", "port": 19090, "scheme": "HTTP"}},
    "periodSeconds": 10, "timeoutSeconds": 5, "successThreshold": 1, "failureThreshold": 6}},
  "securityContext": {{
    "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "runAsNonRoot": true,
    "runAsUser": {3}, "runAsGroup": {4}, "seccompProfile": {{"type": "RuntimeDefault"}},
    "capabilities": {{"drop": ["ALL"]}}}},
  "volumeMounts": [
    {{"name": "chaperone-config", "mountPath": "/etc/chaperone", "readOnly": true}},
    {{"name": "chaperone-credentials", "mountPath": "/etc/chaperone-credentials",
      "readOnly": true}},
    {{"name": "chaperone-data", "mountPath": "/var/lib/chaperone"}},
    {{"name": "chaperone-run", "mountPath": "/run/chaperone"}},
    {{"name": "chaperone-trust", "mountPath": "/run/chaperone/trust"}}]}})";

// {0} the policy's ConfigMap, {1} its Secret, {2} size of the spool's volume, {3} the token's source.
constexpr const char* kVolumes = R"([
  {{"name": "chaperone-config", "projected": {{"defaultMode": 292, "sources": [
    {{"configMap": {{"name": {0}}}}},
    {3},
    {{"secret": {{"name": "chaperone-collector", "items": [
      {{"key": "ca.crt", "path": "collector/ca.crt"}}]}}}},
    {{"downwardAPI": {{"items": [{{"path": "labels",
      "fieldRef": {{"apiVersion": "v1", "fieldPath": "metadata.labels"}}}}]}}}}]}}}},
  {{"name": "chaperone-credentials",
    "secret": {{"secretName": {1}, "defaultMode": 292, "optional": true}}}},
  {{"name": "chaperone-data", "emptyDir": {{"sizeLimit": {2}}}}},
  {{"name": "chaperone-run", "emptyDir": {{"medium": "Memory", "sizeLimit": "1Mi"}}}},
  {{"name": "chaperone-trust", "emptyDir": {{"medium": "Memory", "sizeLimit": "4Mi"}}}}])";

constexpr const char* kSharedToken = R"({"secret": {"name": "chaperone-collector", "items": [
      {"key": "token", "path": "collector/token"}]}})";

// Renewed by the kubelet at four fifths of its life; the sidecar reads it for each request.
std::string token_source(const Config& config) {
  if (config.token_audience.empty()) return kSharedToken;
  return fmt::format(R"({{"serviceAccountToken": {{"audience": {}, "expirationSeconds": 3600,
      "path": "collector/token"}}}})",
                     in_quotes(config.token_audience));
}

constexpr std::pair<const char*, const char*> kEnvironment[] = {
    {"CHAPERONE_POD", "metadata.name"},
    {"CHAPERONE_NAMESPACE", "metadata.namespace"},
    {"CHAPERONE_SERVICE_ACCOUNT", "spec.serviceAccountName"},
    {"CHAPERONE_NODE", "spec.nodeName"},
};

std::string environment() {
  std::string out;
  for (const auto& [name, path] : kEnvironment) {
    out += fmt::format(
        R"({}{{"name":"{}","valueFrom":{{"fieldRef":{{"apiVersion":"v1","fieldPath":"{}"}}}}}})",
        out.empty() ? "" : ",", name, path);
  }
  return "[" + out + "]";
}

// The TCP ports that agents' containers declare, but those where the sidecar listens.
std::set<std::int64_t> declared_ports(const Json& pod) {
  constexpr std::int64_t kOwnPortFirst = 19001, kOwnPortLast = 19090;
  std::set<std::int64_t> found;
  for (std::string_view list : {"initContainers", "containers"}) {
    const Json* containers = at(&pod, {"spec", list});
    for (std::size_t i = 0; i < count_of(containers); ++i) {
      const Json& container = (*containers)[static_cast<rapidjson::SizeType>(i)];
      if (text_of(member(&container, "name")).starts_with(kReserved)) continue;
      const Json* ports = member(&container, "ports");
      for (std::size_t j = 0; j < count_of(ports); ++j) {
        const Json& one = (*ports)[static_cast<rapidjson::SizeType>(j)];
        std::int64_t port = integer_of(member(&one, "containerPort")).value_or(0);
        std::string_view protocol = text_of(member(&one, "protocol"));
        bool own = port >= kOwnPortFirst && port <= kOwnPortLast;
        if (port > 0 && !own && (protocol.empty() || protocol == "TCP")) found.insert(port);
      }
    }
  }
  return found;
}

std::string init_arguments(const Json& pod, const AgentPolicy& policy, const Config& config) {
  std::string out = fmt::format(R"(["--sidecar-uid","{}","--sidecar-gid","{}","--backend",{})",
                                config.sidecar_uid, config.sidecar_gid, in_quotes(config.backend));
  for (const std::string& resolver : config.resolvers)
    out += R"(,"--resolver",)" + in_quotes(resolver);
  if (!policy.inbound) return out + "]";
  for (std::int64_t port : declared_ports(pod))
    out += fmt::format(R"(,"--inbound-port","{}")", port);
  return out + "]";
}

std::string or_empty(const std::string& object) { return object.empty() ? "{}" : object; }

bool resources_hold(const Json* found, const Json& wanted);

bool same(const Json& found, const Json& wanted, std::string_view key) {
  if (key == "resources") return resources_hold(&found, wanted);
  if (key == "sizeLimit") return same_quantity(text_of(&found), text_of(&wanted));
  if (!found.IsObject() || !wanted.IsObject()) return found == wanted;
  if (found.MemberCount() != wanted.MemberCount()) return false;
  for (const auto& one : wanted.GetObject()) {
    const Json* other = member(&found, {one.name.GetString(), one.name.GetStringLength()});
    if (!other || !same(*other, one.value, one.name.GetString())) return false;
  }
  return true;
}

bool resources_hold(const Json* found, const Json& wanted) {
  for (const auto& kind : wanted.GetObject()) {
    if (!kind.value.IsObject()) return false;
    for (const auto& one : kind.value.GetObject()) {
      const Json* other = at(found, {kind.name.GetString(), one.name.GetString()});
      if (!other || !same_quantity(text_of(other), text_of(&one.value))) return false;
    }
  }
  return true;
}
}  // namespace

std::string in_quotes(std::string_view text) {
  const char* start = text.empty() ? "" : text.data();
  return to_text(Json(rapidjson::StringRef(start, static_cast<rapidjson::SizeType>(text.size()))));
}

Json parse_own(const std::string& text, JsonMemory& memory) {
  rapidjson::Document document(&memory);
  document.Parse(text);
  CHECK(!document.HasParseError());
  Json value;
  value.Swap(document);
  return value;
}

Json own_containers(const Json& pod, const AgentPolicy& policy, const Config& config,
                    JsonMemory& memory) {
  std::string pull = in_quotes(config.pull_policy);
  std::string init = fmt::format(kInitContainer, in_quotes(config.init_image), pull,
                                 init_arguments(pod, policy, config), or_empty(config.init_resources),
                                 config.init_uid);
  std::string sidecar =
      fmt::format(kSidecar, in_quotes(config.sidecar_image), pull, or_empty(config.sidecar_resources),
                  config.sidecar_uid, config.sidecar_gid, environment());
  return parse_own("[" + init + "," + sidecar + "]", memory);
}

Json own_volumes(const AgentPolicy& policy, const Config& config, JsonMemory& memory) {
  return parse_own(fmt::format(kVolumes, in_quotes("chaperone-policy-" + policy.name),
                               in_quotes("chaperone-credentials-" + policy.name),
                               in_quotes(config.spool_size_limit), token_source(config)),
                   memory);
}

bool same_part(const Json& found, const Json& wanted) { return same(found, wanted, ""); }

}  // namespace chaperone::injector
