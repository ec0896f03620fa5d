#include "injector/inject.h"

#include <catch2/catch.hpp>
#include <set>

#include "tests/unit/injector/apply_patch.h"

namespace chaperone::injector {

namespace {
rapidjson::Document injected(const std::string& pod, const Config& config = test_config()) {
  auto document = document_of(pod);
  Injection injection = inject(document, "agents", config);
  INFO(words(injection.findings));
  REQUIRE(injection.findings.empty());
  apply_patch(document, injection.patch);
  return document;
}

const rapidjson::Value& container(const rapidjson::Document& pod, unsigned index = 0) {
  return pod["spec"]["containers"][index];
}
}  // namespace

TEST_CASE("the init step is first, the sidecar second, the agent behind") {
  auto pod = injected(R"({"spec": {"initContainers": [{"name": "seed", "image": "s"}],
                          "containers": [{"name": "web", "image": "w"}]}})");
  const auto& init = pod["spec"]["initContainers"];
  REQUIRE(init.Size() == 3);
  CHECK(is(init[0]["name"], "chaperone-init"));
  CHECK(is(init[1]["name"], "chaperone"));
  CHECK(is(init[1]["restartPolicy"], "Always"));
  CHECK(is(init[2]["name"], "seed"));
  CHECK(is(init[2]["securityContext"]["runAsUser"], 10001));
  CHECK(pod["spec"]["containers"].Size() == 1);
}

TEST_CASE("an agent keeps its own user, or the pod's; else it gets one") {
  auto pod = injected(R"({"spec": {"securityContext": {"runAsUser": 1000},
    "containers": [{"name": "a"}, {"name": "b", "securityContext": {"runAsUser": 2000}}]}})");
  CHECK(is(container(pod, 0)["securityContext"]["runAsUser"], 1000));
  CHECK(is(container(pod, 1)["securityContext"]["runAsUser"], 2000));
  CHECK(container(pod, 1)["securityContext"]["runAsNonRoot"].GetBool());
}

TEST_CASE("the root tier is the policy's: root without the right to become another") {
  const char* asking = R"({"metadata": {"annotations": {"chaperone.dev/policy": "builder"}},
    "spec": {"serviceAccountName": "builder", "containers": [
      {"name": "a"}, {"name": "b", "securityContext": {"runAsNonRoot": true}}]}})";
  auto pod = injected(asking);
  const auto& context = container(pod, 0)["securityContext"];
  CHECK(is(context["runAsUser"], 0));
  CHECK_FALSE(context.HasMember("runAsNonRoot"));
  CHECK_FALSE(context["allowPrivilegeEscalation"].GetBool());
  CHECK(is(context["capabilities"]["drop"][0], "ALL"));
  CHECK(context["capabilities"]["add"].Size() == 3);
  CHECK(is(context["capabilities"]["add"][0], "CHOWN"));
  CHECK(is(container(pod, 1)["securityContext"]["runAsUser"], 10001));
}

TEST_CASE("no agent holds the service account's token") {
  auto pod = injected(R"({"spec": {
    "volumes": [{"name": "kube-api-access-x7", "projected": {"sources": [
                  {"serviceAccountToken": {"path": "token"}}]}}, {"name": "own", "emptyDir": {}}],
    "containers": [{"name": "a", "volumeMounts": [
      {"name": "kube-api-access-x7", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"},
      {"name": "own", "mountPath": "/own"}]}]}})");
  CHECK(text_of(pod).find("kube-api-access") == std::string::npos);
  CHECK(is(pod["spec"]["automountServiceAccountToken"], false));
  const auto& mounts = container(pod)["volumeMounts"];
  REQUIRE(mounts.Size() == 3);
  CHECK(is(mounts[0]["name"], "own"));
  // What in-cluster clients find there instead is no token.
  CHECK(is(mounts[2]["name"], "chaperone-trust"));
  CHECK(is(mounts[2]["subPath"], "serviceaccount"));
  CHECK(mounts[2]["readOnly"].GetBool());
}

TEST_CASE("the agent's clients are pointed at the pod's CA, whatever the pod said before") {
  auto pod = injected(R"({"spec": {"containers": [{"name": "a", "env": [
    {"name": "PGSSLROOTCERT", "value": "/mine"}, {"name": "X", "value": "1"},
    {"name": "PGSSLROOTCERT", "value": "/run/chaperone/trust/bundle.pem"},
    {"name": "DENO_CERT", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]}]}})");
  const auto& environment = container(pod)["env"];
  CHECK(is(environment[0]["name"], "X"));
  std::set<std::string> names;
  for (const auto& one : environment.GetArray()) {
    CHECK_FALSE(one.HasMember("valueFrom"));
    CHECK(names.insert(one["name"].GetString()).second);
  }
  for (const char* name : {"PGSSLROOTCERT", "SSL_CERT_FILE", "DENO_CERT", "JAVA_TOOL_OPTIONS"})
    CHECK(names.count(name) == 1);
}

TEST_CASE("Java keeps the switches that the pod gives it") {
  auto pod = injected(R"({"spec": {"containers": [{"name": "a", "env": [
    {"name": "JAVA_TOOL_OPTIONS", "value": "-Xmx1g -Djavax.net.ssl.trustStore=/mine"}]}]}})");
  std::string value;
  for (const auto& one : container(pod)["env"].GetArray())
    if (is(one["name"], "JAVA_TOOL_OPTIONS")) value = one["value"].GetString();
  CHECK(value.starts_with("-Xmx1g -Djavax.net.ssl.trustStore=/mine -Djavax.net.ssl.trustStore=/run"));
  CHECK(inject(pod, "agents", test_config()).patch == "[]");
}

TEST_CASE("the sidecar alone mounts what it lives on") {
  auto pod = injected(R"({"spec": {"containers": [{"name": "a"}]}})");
  for (const auto& mount : container(pod)["volumeMounts"].GetArray()) {
    CHECK(is(mount["name"], "chaperone-trust"));
    CHECK(mount["readOnly"].GetBool());
  }
}

namespace {
std::string list_of(rapidjson::Document& pod) {
  for (const auto& one : pod["spec"]["initContainers"][1]["env"].GetArray())
    if (is(one["name"], "CHAPERONE_PROBES")) return one["value"].GetString();
  return "";
}
constexpr const char* kProbed = R"({"spec": {"containers": [{"name": "web",
    "ports": [{"name": "http", "containerPort": 8080}],
    "livenessProbe": {"httpGet": {"path": "/up", "port": "http"}, "timeoutSeconds": 3, "periodSeconds": 7},
    "readinessProbe": {"tcpSocket": {"port": 5432}},
    "startupProbe": {"exec": {"command": ["true"]}},
    "lifecycle": {"preStop": {"httpGet": {"path": "/bye", "port": 8080, "scheme": "HTTPS"}}}},
  {"name": "rpc", "livenessProbe": {"grpc": {"port": 9000, "service": "shop"}}}]}})";
}  // namespace

TEST_CASE("the kubelet asks the sidecar for probes, and the sidecar knows what to ask") {
  auto pod = injected(kProbed);
  const auto& probe = container(pod)["livenessProbe"];
  CHECK(is(probe["httpGet"]["path"], "/web/livenessProbe"));
  CHECK(is(probe["httpGet"]["port"], 19021));
  CHECK(is(probe["timeoutSeconds"], 3));
  CHECK(is(probe["periodSeconds"], 7));
  CHECK(container(pod)["startupProbe"].HasMember("exec"));
  CHECK_FALSE(container(pod)["readinessProbe"].HasMember("tcpSocket"));
  CHECK(is(container(pod)["lifecycle"]["preStop"]["httpGet"]["path"], "/web/preStop"));
  CHECK(is(pod["spec"]["containers"][1]["livenessProbe"]["httpGet"]["path"], "/rpc/livenessProbe"));
  CHECK(list_of(pod) ==
        R"([{"path":"/web/livenessProbe","timeoutSeconds":3,"httpGet":{"path":"/up","port":8080}},)"
        R"({"path":"/web/readinessProbe","timeoutSeconds":1,"tcpSocket":{"port":5432}},)"
        R"({"path":"/web/preStop","timeoutSeconds":30,"httpGet":{"path":"/bye","port":8080,"scheme":"HTTPS"}},)"
        R"({"path":"/rpc/livenessProbe","timeoutSeconds":1,"grpc":{"port":9000,"service":"shop"}}])");
}

TEST_CASE("probes that were led to the sidecar stay so, and others join them") {
  auto pod = injected(kProbed);
  const std::string before = list_of(pod);
  CHECK(inject(pod, "agents", test_config()).patch == "[]");
  // A container of another webhook, behind our first pass.
  auto late = document_of(R"({"name": "late", "livenessProbe": {"tcpSocket": {"port": 7000}}})");
  pod["spec"]["containers"].PushBack(rapidjson::Value(late, pod.GetAllocator()), pod.GetAllocator());
  Injection again = inject(pod, "agents", test_config());
  REQUIRE(again.findings.empty());
  apply_patch(pod, again.patch);
  CHECK(list_of(pod) == before.substr(0, before.size() - 1) +
            R"(,{"path":"/late/livenessProbe","timeoutSeconds":1,"tcpSocket":{"port":7000}}])");
  // And gone again: its line goes too.
  pod["spec"]["containers"].PopBack();
  again = inject(pod, "agents", test_config());
  apply_patch(pod, again.patch);
  CHECK(list_of(pod) == before);
}

TEST_CASE("declared ports are open where the operator says so") {
  const char* text = R"({"spec": {"containers": [
    {"name": "a", "ports": [{"containerPort": 8080}, {"containerPort": 53, "protocol": "UDP"}]},
    {"name": "b", "ports": [{"containerPort": 8080, "protocol": "TCP"}, {"containerPort": 443}]},
    {"name": "c", "ports": [{"containerPort": 19001}]}]}})";
  auto arguments = [](rapidjson::Document& pod) {
    std::string all;
    for (const auto& one : pod["spec"]["initContainers"][0]["args"].GetArray())
      all += std::string(one.GetString()) + " ";
    return all;
  };
  auto closed = injected(text);
  CHECK(arguments(closed).find("--inbound-port") == std::string::npos);
  Config config = test_config();
  config.policies.front().inbound = true;
  auto open = document_of(text);
  apply_patch(open, inject(open, "agents", config).patch);
  CHECK(arguments(open).ends_with("--inbound-port 443 --inbound-port 8080 "));
  CHECK(inject(open, "agents", config).patch == "[]");
  // The same pod where it is closed: what stands there is not ours.
  CHECK_FALSE(inject(open, "agents", test_config()).findings.empty());
}

TEST_CASE("a pod has time to send what it recorded") {
  CHECK(is(injected(R"({"spec": {"terminationGracePeriodSeconds": 5, "containers": []}})")
            ["spec"]["terminationGracePeriodSeconds"], 40));
  CHECK(is(injected(R"({"spec": {"terminationGracePeriodSeconds": 300, "containers": []}})")
            ["spec"]["terminationGracePeriodSeconds"], 300));
}

TEST_CASE("another webhook's init container does not stay in front") {
  auto pod = injected(R"({"spec": {"initContainers": [], "containers": [{"name": "a"}]}})");
  auto& init = pod["spec"]["initContainers"];
  auto stranger = document_of(R"({"name": "first", "image": "x"})");
  init.PushBack(rapidjson::Value(stranger, pod.GetAllocator()), pod.GetAllocator());
  init[2].Swap(init[1]);
  init[1].Swap(init[0]);
  Injection again = inject(pod, "agents", test_config());
  REQUIRE(again.findings.empty());
  apply_patch(pod, again.patch);
  CHECK(is(pod["spec"]["initContainers"][0]["name"], "chaperone-init"));
  CHECK(is(pod["spec"]["initContainers"][1]["name"], "chaperone"));
  CHECK(pod["spec"]["initContainers"][2]["securityContext"]["runAsNonRoot"].GetBool());
}

TEST_CASE("what somebody did to our containers is refused, what the API server did is not") {
  auto pod = injected(R"({"spec": {"containers": [{"name": "a"}]}})");
  auto& memory = pod.GetAllocator();
  auto& sidecar = pod["spec"]["initContainers"][1];
  SECTION("quantities written another way, resources grown") {
    auto resources = document_of(R"({"requests": {"cpu": "0.05", "memory": "131072Ki"},
                                     "limits": {"memory": "128Mi", "cpu": "1"}})");
    sidecar["resources"].CopyFrom(resources, memory);
    CHECK(inject(pod, "agents", test_config()).patch == "[]");
  }
  SECTION("an environment variable") {
    auto variable = document_of(R"({"name": "LD_PRELOAD", "value": "/x"})");
    sidecar["env"].PushBack(rapidjson::Value(variable, memory), memory);
    CHECK(inject(pod, "agents", test_config()).findings.size() == 1);
  }
  SECTION("a hook") {
    sidecar["lifecycle"].AddMember("preStop", rapidjson::Value(rapidjson::kObjectType), memory);
    CHECK(inject(pod, "agents", test_config()).findings.size() == 1);
  }
  SECTION("an image") {
    sidecar["image"] = "mine";
    CHECK(inject(pod, "agents", test_config()).findings.size() == 1);
  }
}

TEST_CASE("a pod that is no pod breaks nothing") {
  for (const char* text : {"{}", "[]", "7", "null", R"({"spec": 7})", R"({"spec": {"containers": 7}})",
                           R"({"spec": {"containers": [7, null, "x", []]}})",
                           R"({"spec": {"volumes": [7, {"name": 7}, {"hostPath": 7}]}})",
                           R"({"metadata": {"annotations": [1]}, "spec": {"initContainers": [1]}})"}) {
    auto document = document_of(text);
    INFO(text);
    CHECK_NOTHROW(inject(document, "agents", test_config()));
  }
}

}  // namespace chaperone::injector
