// Each way out that a pod's author could open: refused, by its own finding.
#include "injector/inject.h"

#include <catch2/catch.hpp>

#include <algorithm>

#include "tests/unit/injector/apply_patch.h"

namespace chaperone::injector {

namespace {
struct Hostile {
  const char *code, *field, *pod;
};

// {} is a friendly pod's container without its braces.
constexpr const char* kWeb = R"("name": "web", "image": "agent")";

std::string pod_with(const std::string& spec, const std::string& container,
                     const std::string& metadata = "") {
  return R"({"metadata": {)" + metadata + R"(}, "spec": {)" + spec + (spec.empty() ? "" : ", ") +
         R"("containers": [{)" + kWeb + (container.empty() ? "" : ", ") + container + "}]}}";
}

Findings found_in(const std::string& pod) {
  auto document = document_of(pod);
  return inject(document, "agents", test_config()).findings;
}

void expect_one(const std::string& pod, const std::string& code, const std::string& field) {
  Findings findings = found_in(pod);
  INFO(pod);
  INFO(words(findings));
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].code == code);
  CHECK(findings[0].field == field);
  CHECK_FALSE(findings[0].reason.empty());
  CHECK_FALSE(findings[0].fix.empty());
}
}  // namespace

TEST_CASE("pods: what opens the node is refused") {
  for (const auto& [code, field, spec] : std::initializer_list<Hostile>{
           {"host_network", "spec.hostNetwork", R"("hostNetwork": true)"},
           {"host_pid", "spec.hostPID", R"("hostPID": true)"},
           {"host_ipc", "spec.hostIPC", R"("hostIPC": true)"},
           {"share_process_namespace", "spec.shareProcessNamespace",
            R"("shareProcessNamespace": true)"},
           {"sysctls", "spec.securityContext.sysctls",
            R"("securityContext": {"sysctls": [{"name": "net.ipv4.ip_forward", "value": "1"}]})"},
           {"sidecar_group", "spec.securityContext.fsGroup",
            R"("securityContext": {"fsGroup": 19337})"},
           {"sidecar_group", "spec.securityContext.runAsGroup",
            R"("securityContext": {"runAsGroup": 19337})"},
           {"sidecar_group", "spec.securityContext.supplementalGroups",
            R"("securityContext": {"supplementalGroups": [5, 19337]})"},
           {"sidecar_user", "spec.securityContext.runAsUser",
            R"("securityContext": {"runAsUser": 19337})"},
           {"root_user", "spec.securityContext.runAsUser", R"("securityContext": {"runAsUser": 0})"},
           {"seccomp", "spec.securityContext.seccompProfile",
            R"("securityContext": {"seccompProfile": {"type": "Unconfined"}})"},
           {"apparmor", "spec.securityContext.appArmorProfile",
            R"("securityContext": {"appArmorProfile": {"type": "Unconfined"}})"},
           {"selinux", "spec.securityContext.seLinuxOptions",
            R"("securityContext": {"seLinuxOptions": {"type": "spc_t"}})"},
           {"windows", "spec.os.name", R"("os": {"name": "windows"})"},
           {"runtime_class", "spec.runtimeClassName", R"("runtimeClassName": "gvisor")"},
           {"node_name", "spec.nodeName", R"("nodeName": "node1")"},
           {"resource_claims", "spec.resourceClaims", R"("resourceClaims": [{"name": "nic"}])"},
           {"ephemeral_container", "spec.ephemeralContainers",
            R"("ephemeralContainers": [{"name": "debug"}])"},
           {"host_path", "spec.volumes[v]",
            R"("volumes": [{"name": "v", "hostPath": {"path": "/run"}}])"},
           {"csi_volume", "spec.volumes[v]",
            R"("volumes": [{"name": "v", "csi": {"driver": "unknown"}}])"},
           {"volume_kind", "spec.volumes[v].nfs",
            R"("volumes": [{"name": "v", "nfs": {"server": "evil", "path": "/"}}])"},
           {"volume_kind", "spec.volumes[v].flexVolume",
            R"("volumes": [{"name": "v", "flexVolume": {"driver": "x"}}])"},
           {"token", "spec.volumes[v]",
            R"("volumes": [{"name": "v", "projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}}])"},
           {"own_object", "spec.volumes[v]",
            R"("volumes": [{"name": "v", "secret": {"secretName": "chaperone-collector"}}])"},
           {"own_object", "spec.volumes[v]",
            R"("volumes": [{"name": "v", "projected": {"sources": [{"configMap": {"name": "chaperone-policy-reader"}}]}}])"},
           {"reserved_name", "spec.volumes[chaperone-data]",
            R"("volumes": [{"name": "chaperone-data", "emptyDir": {}}])"},
           {"reserved_name", "spec.initContainers[chaperone]",
            R"("initContainers": [{"name": "chaperone", "image": "mine"}])"},
       }) {
    expect_one(pod_with(spec, ""), code, field);
  }
}

TEST_CASE("containers: what opens the kernel or the sidecar is refused") {
  for (const auto& [code, field, container] : std::initializer_list<Hostile>{
           {"privileged", "spec.containers[web].securityContext.privileged",
            R"("securityContext": {"privileged": true})"},
           {"capability", "spec.containers[web].securityContext.capabilities.add",
            R"("securityContext": {"capabilities": {"add": ["NET_RAW"]}})"},
           {"capability", "spec.containers[web].securityContext.capabilities.add",
            R"("securityContext": {"capabilities": {"add": ["SETUID"]}})"},
           {"capability", "spec.containers[web].securityContext.capabilities.add",
            R"("securityContext": {"capabilities": {"add": ["CHOWN"]}})"},
           {"root_user", "spec.containers[web].securityContext.runAsUser",
            R"("securityContext": {"runAsUser": 0})"},
           {"sidecar_user", "spec.containers[web].securityContext.runAsUser",
            R"("securityContext": {"runAsUser": 19337})"},
           {"sidecar_user", "spec.containers[web].securityContext.runAsUser",
            R"("securityContext": {"runAsUser": 19336})"},
           {"sidecar_group", "spec.containers[web].securityContext.runAsGroup",
            R"("securityContext": {"runAsGroup": 19337})"},
           {"proc_mount", "spec.containers[web].securityContext.procMount",
            R"("securityContext": {"procMount": "Unmasked"})"},
           {"seccomp", "spec.containers[web].securityContext.seccompProfile",
            R"("securityContext": {"seccompProfile": {"type": "Localhost", "localhostProfile": "x"}})"},
           {"apparmor", "spec.containers[web].securityContext.appArmorProfile",
            R"("securityContext": {"appArmorProfile": {"type": "Unconfined"}})"},
           {"host_port", "spec.containers[web].ports.hostPort",
            R"("ports": [{"containerPort": 80, "hostPort": 80}])"},
           {"network_probe", "spec.containers[web].readinessProbe.httpGet.host",
            R"("readinessProbe": {"httpGet": {"port": 80, "host": "169.254.169.254"}})"},
           {"network_probe", "spec.containers[web].livenessProbe.tcpSocket.host",
            R"("livenessProbe": {"tcpSocket": {"port": 80, "host": "10.0.0.1"}})"},
           {"network_probe", "spec.containers[web].readinessProbe.httpGet.port",
            R"("readinessProbe": {"httpGet": {"port": "http"}})"},
           {"network_probe", "spec.containers[web].startupProbe.grpc.port",
            R"("startupProbe": {"grpc": {"port": 19001}})"},
           {"network_probe", "spec.containers[web].livenessProbe.httpGet.port",
            R"("livenessProbe": {"httpGet": {"port": 19021, "path": "/web/livenessProbe"}})"},
           {"network_probe", "spec.containers[web].lifecycle.postStart.tcpSocket",
            R"("lifecycle": {"postStart": {"tcpSocket": {"port": 80}}})"},
           {"device", "spec.containers[web].resources.limits[rdma/hca]",
            R"("resources": {"limits": {"rdma/hca": "1"}})"},
           {"own_volume", "spec.containers[web].volumeMounts",
            R"("volumeMounts": [{"name": "chaperone-data", "mountPath": "/x"}])"},
           {"own_volume", "spec.containers[web].volumeMounts",
            R"("volumeMounts": [{"name": "chaperone-trust", "mountPath": "/run/chaperone/trust"}])"},
           {"own_object", "spec.containers[web].env",
            R"("env": [{"name": "P", "valueFrom": {"secretKeyRef": {"name": "chaperone-credentials-reader", "key": "p"}}}])"},
           {"own_object", "spec.containers[web].envFrom",
            R"("envFrom": [{"secretRef": {"name": "chaperone-collector"}}])"},
       }) {
    expect_one(pod_with("", container), code, field);
  }
}

TEST_CASE("metadata: only what a pod's author may say") {
  expect_one(pod_with("", "", R"("annotations": {"chaperone.dev/exclude-ports": "443"})"),
             "unknown_annotation", "metadata.annotations[chaperone.dev/exclude-ports]");
  expect_one(pod_with("", "", R"("annotations": {"chaperone.dev/policy": "builder"})"),
             "policy_not_allowed", "metadata.annotations[chaperone.dev/policy]");
  expect_one(pod_with("", "", R"("annotations": {"sidecar.istio.io/status": "{}"})"),
             "service_mesh", "metadata.annotations[sidecar.istio.io/status]");
  expect_one(pod_with("", "", R"("annotations": {"kubernetes.io/config.mirror": "x"})"),
             "static_pod", "metadata.annotations[kubernetes.io/config.mirror]");
}

TEST_CASE("init containers are agents too") {
  expect_one(pod_with(R"("initContainers": [{"name": "first", "image": "x",
                        "securityContext": {"privileged": true}}])", ""),
             "privileged", "spec.initContainers[first].securityContext.privileged");
}

TEST_CASE("all findings come at once") {
  Findings findings = found_in(pod_with(
      R"("hostNetwork": true, "hostPID": true, "volumes": [{"name": "chaperone-x"}])",
      R"("securityContext": {"privileged": true, "capabilities": {"add": ["NET_ADMIN", "SYS_ADMIN"]}})",
      R"("annotations": {"chaperone.dev/policy": "none-such"})"));
  CHECK(findings.size() == 6 + (findings.size() == 7));
  CHECK(std::count_if(findings.begin(), findings.end(),
                      [](const Finding& one) { return one.code == "capability"; }) == 2);
  CHECK(words(findings).find("hostPID") != std::string::npos);
}

TEST_CASE("what is allowed by the operator passes") {
  CHECK(found_in(pod_with(R"("runtimeClassName": "kata", "volumes": [{"name": "v",
        "csi": {"driver": "secrets-store.csi.k8s.io"}}])",
                          R"("resources": {"limits": {"nvidia.com/gpu": "1"}})"))
            .empty());
  CHECK(found_in(pod_with(R"("serviceAccountName": "builder")",
                          R"("securityContext": {"runAsUser": 0})",
                          R"("annotations": {"chaperone.dev/policy": "builder"})"))
            .empty());
}

TEST_CASE("the root tier has no way to become somebody else") {
  for (const char* capability : {"SETUID", "SETGID", "SETPCAP", "SETFCAP", "NET_RAW", "SYS_PTRACE"}) {
    expect_one(pod_with(R"("serviceAccountName": "builder")",
                        R"("securityContext": {"capabilities": {"add": [")" +
                            std::string(capability) + R"("]}})",
                        R"("annotations": {"chaperone.dev/policy": "builder"})"),
               "capability", "spec.containers[web].securityContext.capabilities.add");
  }
}

}  // namespace chaperone::injector
