// Pods by chance, friendly and hostile: what holds for every one of them.
#include "injector/inject.h"

#include <catch2/catch.hpp>
#include <random>

#include "tests/unit/injector/apply_patch.h"

namespace chaperone::injector {

namespace {
class Pods {
 public:
  explicit Pods(unsigned seed) : random_(seed) {}

  std::string next() {
    std::string spec = R"("containers":[)" + containers("c", 1 + pick(3)) + "]";
    if (pick(2)) spec += R"(,"initContainers":[)" + containers("i", pick(3)) + "]";
    spec += maybe(R"("securityContext":{"runAsUser":1000})");
    spec += maybe(R"("securityContext":{"seccompProfile":{"type":"RuntimeDefault"},"fsGroup":5})", 8);
    spec += maybe(R"("volumes":[{"name":"kube-api-access-1"},{"name":"v","emptyDir":{}}])");
    spec += maybe(R"("terminationGracePeriodSeconds":90)");
    spec += maybe(R"("hostAliases":[{"ip":"10.30.1.10","hostnames":["shop.db.svc"]}])");
    spec += maybe(R"("automountServiceAccountToken":true)");
    spec += maybe(R"("enableServiceLinks":true)");
    spec += maybe(R"("hostNetwork":true)", 40) + maybe(R"("shareProcessNamespace":true)", 40);
    std::string metadata = pick(2) ? R"("annotations":{"chaperone.dev/inject":"true"})" : "";
    if (!pick(4)) metadata = R"("annotations":{"chaperone.dev/policy":"builder"})";
    if (!pick(2)) spec += R"(,"serviceAccountName":"builder")";
    return R"({"metadata":{)" + metadata + R"(},"spec":{)" + spec + "}}";
  }

 private:
  unsigned pick(unsigned n) { return static_cast<unsigned>(random_() % n); }
  std::string maybe(const char* text, unsigned one_in = 3) {
    return pick(one_in) == 0 ? "," + std::string(text) : "";
  }
  std::string containers(const std::string& prefix, unsigned count) {
    std::string out;
    for (unsigned i = 0; i < count; ++i) {
      out += (i ? "," : "") + std::string(R"({"name":")") + prefix + std::to_string(i) +
             R"(","image":"x")";
      out += maybe(R"("env":[{"name":"A","value":"1"},{"name":"DENO_CERT","value":"mine"}])");
      out += maybe(R"("volumeMounts":[{"name":"kube-api-access-1","mountPath":"/t"},{"name":"v","mountPath":"/v"}])");
      out += maybe(context());
      out += maybe(R"("readinessProbe":{"exec":{"command":["true"]}})") + "}";
    }
    return out;
  }
  const char* context() {
    const char* all[] = {R"("securityContext":{"runAsUser":2000})",
                         R"("securityContext":{"runAsNonRoot":true})",
                         R"("securityContext":{"capabilities":{"drop":["NET_RAW"]}})",
                         R"("securityContext":{"allowPrivilegeEscalation":true})",
                         R"("securityContext":{"runAsUser":0})",
                         R"("securityContext":{"capabilities":{"add":["SYS_ADMIN"]}})"};
    return all[pick(6)];
  }
  std::mt19937 random_;
};

// What the kernel's rules rest on, asked of the result itself and not of what made it.
void expect_safe(const rapidjson::Document& pod, const Config& config) {
  const auto& spec = pod["spec"];
  REQUIRE(is(spec["initContainers"][0]["name"], "chaperone-init"));
  REQUIRE(is(spec["initContainers"][1]["name"], "chaperone"));
  for (const char* list : {"initContainers", "containers"}) {
    for (const auto& one : spec[list].GetArray()) {
      if (std::string(one["name"].GetString()).starts_with("chaperone")) continue;
      const auto& context = one["securityContext"];
      REQUIRE(context["runAsUser"].GetInt64() != config.sidecar_uid);
      REQUIRE_FALSE(context["allowPrivilegeEscalation"].GetBool());
      REQUIRE(is(context["capabilities"]["drop"][0], "ALL"));
      bool root = is(context["runAsUser"], 0);
      REQUIRE(context["capabilities"].HasMember("add") == root);
      REQUIRE((context.HasMember("seccompProfile") || spec.HasMember("securityContext")));
    }
  }
}
}  // namespace

TEST_CASE("inject(inject(p)) is inject(p), and safe") {
  Pods pods(20);
  const Config config = test_config();
  int injected = 0, refused = 0;
  for (int i = 0; i < 3000; ++i) {
    std::string text = pods.next();
    auto pod = document_of(text);
    Injection first = inject(pod, "agents", config);
    Injection same = inject(document_of(text), "agents", config);
    REQUIRE(first.patch == same.patch);
    REQUIRE(first.findings == same.findings);
    if (!first.findings.empty()) {
      ++refused;
      REQUIRE(first.patch == "[]");
      continue;
    }
    ++injected;
    INFO(text << "\n" << first.patch);
    apply_patch(pod, first.patch);
    expect_safe(pod, config);
    Injection second = inject(pod, "agents", config);
    REQUIRE(second.findings.empty());
    REQUIRE(second.patch == "[]");
  }
  CHECK(injected > 500);
  CHECK(refused > 500);
}

}  // namespace chaperone::injector
