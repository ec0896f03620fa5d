#include "injector/inject.h"

#include <catch2/catch.hpp>

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
  CHECK(container(pod)["volumeMounts"].Size() == 2);
  CHECK(is(container(pod)["volumeMounts"][0]["name"], "own"));
}

TEST_CASE("the agent's clients are pointed at the pod's CA, whatever the pod said before") {
  auto pod = injected(R"({"spec": {"containers": [{"name": "a", "env": [
    {"name": "PGSSLROOTCERT", "value": "/mine"}, {"name": "X", "value": "1"},
    {"name": "PGSSLROOTCERT", "value": "/run/chaperone/trust/bundle.pem"},
    {"name": "DENO_CERT", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]}]}})");
  const auto& environment = container(pod)["env"];
  REQUIRE(environment.Size() == 4);
  CHECK(is(environment[0]["name"], "X"));
  for (const auto& one : environment.GetArray()) CHECK_FALSE(one.HasMember("valueFrom"));
}

TEST_CASE("the sidecar alone mounts what it lives on") {
  auto pod = injected(R"({"spec": {"containers": [{"name": "a"}]}})");
  for (const auto& mount : container(pod)["volumeMounts"].GetArray()) {
    CHECK(is(mount["name"], "chaperone-trust"));
    CHECK(mount["readOnly"].GetBool());
  }
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
