#include "injector/review.h"

#include <catch2/catch.hpp>

#include "tests/unit/injector/apply_patch.h"

namespace chaperone::injector {

namespace {
struct Asked {
  std::string kind = "Pod", operation = "UPDATE", sub = "", object = "{}", old = "{}";
  std::string user = R"({"username": "tenant", "groups": ["system:authenticated"]})";
  bool enforced = false;
};

std::string outcome(const Asked& asked) {
  std::string body =
      R"({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
    "uid": "u-1", "namespace": "agents", "operation": ")" +
      asked.operation + R"(", "subResource": ")" + asked.sub + R"(", "kind": {"kind": ")" +
      asked.kind + R"("}, "userInfo": )" + asked.user + R"(, "object": )" + asked.object +
      R"(, "oldObject": )" + asked.old + "}}";
  return guard(body, test_config(), asked.enforced).outcome;
}

const std::string kLive =
    R"({"metadata": {"annotations": {"chaperone.dev/status": "{}", "own": "1"}},
  "spec": {"initContainers": [{"name": "chaperone-init", "image": "i"}, {"name": "chaperone", "image": "s"}]}})";

std::string changed(const char* from, const char* to) {
  std::string text = kLive;
  text.replace(text.find(from), std::string(from).size(), to);
  return text;
}
}  // namespace

TEST_CASE("a live pod keeps what the injector gave it") {
  CHECK(outcome({.object = kLive, .old = kLive}) == "passed");
  CHECK(outcome({.object = changed("\"own\": \"1\"", "\"own\": \"2\""), .old = kLive}) == "passed");
  CHECK(outcome({.object = changed("\"s\"", "\"mine\""), .old = kLive}) == "refused");
  CHECK(outcome({.object = changed("\"{}\"", "\"x\""), .old = kLive}) == "refused");
  CHECK(outcome({.object = changed("\"chaperone.dev/status\"", "\"gone\""), .old = kLive}) ==
        "refused");
  CHECK(outcome({.object = changed("\"own\"", "\"chaperone.dev/policy\""), .old = kLive}) ==
        "refused");
  std::string debug =
      changed("\"spec\": {", R"("spec": {"ephemeralContainers": [{"name": "d"}], )");
  CHECK(outcome({.object = debug, .old = kLive}) == "refused");
  CHECK(outcome({.object = R"({"spec": {"ephemeralContainers": [{"name": "d"}]}})", .old = "{}"}) ==
        "passed");
  CHECK(outcome({.object = R"({"spec": {"ephemeralContainers": [{"name": "d"}]}})",
                 .old = "{}",
                 .enforced = true}) == "refused");
}

TEST_CASE("new pods are judged where they are agents") {
  const std::string plain = R"({"spec": {"containers": [{"name": "a"}]}})";
  CHECK(outcome({.operation = "CREATE", .object = plain, .old = "null"}) == "passed");
  CHECK(outcome({.operation = "CREATE", .object = plain, .old = "null", .enforced = true}) ==
        "refused");
  CHECK(outcome({.operation = "CREATE",
                 .object = R"({"metadata": {"annotations": {"chaperone.dev/inject": "true"}},
    "spec": {"containers": [{"name": "a"}]}})",
                 .old = "null"}) == "refused");
}

TEST_CASE("bindings, connections, namespaces and what sidecars read") {
  CHECK(outcome({.kind = "Binding", .operation = "CREATE", .object = kLive, .old = "null"}) ==
        "refused");
  CHECK(outcome({.kind = "Binding", .operation = "CREATE", .old = "null"}) == "passed");
  CHECK(outcome({.kind = "PodExecOptions",
                 .operation = "CONNECT",
                 .sub = "exec",
                 .object = R"({"container": "chaperone"})"}) == "refused");
  CHECK(outcome({.kind = "PodExecOptions",
                 .operation = "CONNECT",
                 .sub = "exec",
                 .object = R"({"container": "web"})",
                 .enforced = true}) == "passed");
  CHECK(outcome({.kind = "PodPortForwardOptions",
                 .operation = "CONNECT",
                 .sub = "portforward",
                 .enforced = true}) == "refused");
  const Asked left{.kind = "Namespace",
                   .old = R"({"metadata": {"labels": {"chaperone.dev/enforce": "true"}}})"};
  CHECK(outcome(left) == "refused");
  Asked admin = left;
  admin.user = R"({"username": "root", "groups": ["system:masters"]})";
  CHECK(outcome(admin) == "passed");
  CHECK(outcome({.kind = "Secret",
                 .object = R"({"metadata": {"name": "chaperone-credentials-x"}})"}) == "refused");
  CHECK(outcome({.kind = "ConfigMap", .object = R"({"metadata": {"name": "mine"}})"}) == "passed");
}

TEST_CASE("what is no review is not let through") {
  CHECK(guard("{}", test_config(), true).http_status == 400);
  CHECK(guard("", test_config(), false).http_status == 400);
}

}  // namespace chaperone::injector
