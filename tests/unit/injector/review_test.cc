#include "injector/review.h"

#include <catch2/catch.hpp>

#include "tests/unit/injector/apply_patch.h"

namespace chaperone::injector {

namespace {
std::string review_of(const std::string& object, const std::string& kind = "Pod",
                      const std::string& where = "agents") {
  return R"({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
    "uid": "u-1", "operation": "CREATE", "namespace": ")" + where + R"(", "kind": {"kind": ")" + kind +
         R"("}, "object": )" + object + "}}";
}

constexpr const char* kFriendly = R"({"metadata": {"generateName": "a-"},
                                      "spec": {"containers": [{"name": "a"}]}})";
constexpr const char* kHostile = R"({"spec": {"hostNetwork": true, "containers": [{"name": "a"}]}})";
}  // namespace

TEST_CASE("a friendly pod is patched, a hostile one is refused") {
  Answer patched = mutate(review_of(kFriendly), test_config());
  CHECK(patched.outcome == "patched");
  auto reply = document_of(patched.body);
  CHECK(is(reply["response"]["uid"], "u-1"));
  CHECK(reply["response"]["allowed"].GetBool());
  CHECK(is(reply["response"]["patchType"], "JSONPatch"));
  Answer refused = mutate(review_of(kHostile), test_config());
  CHECK(refused.outcome == "refused");
  auto refusal = document_of(refused.body);
  CHECK_FALSE(refusal["response"]["allowed"].GetBool());
  CHECK(std::string(refusal["response"]["status"]["message"].GetString()).find("hostNetwork") !=
        std::string::npos);
}

TEST_CASE("the final look refuses what was not injected") {
  CHECK(validate(review_of(kFriendly), test_config()).outcome == "refused");
}

TEST_CASE("a template's author is warned, and never refused") {
  std::string hostile = std::string(R"({"spec": {"template": )") + kHostile + "}}";
  Answer answer = validate(review_of(hostile, "Deployment"), test_config());
  CHECK(answer.outcome == "warned");
  auto reply = document_of(answer.body);
  CHECK(reply["response"]["allowed"].GetBool());
  CHECK(reply["response"]["warnings"].Size() == 1);
  std::string cron = R"({"spec": {"jobTemplate": )" + hostile + "}}";
  CHECK(validate(review_of(cron, "CronJob"), test_config()).outcome == "warned");
  std::string friendly = std::string(R"({"spec": {"template": )") + kFriendly + "}}";
  CHECK(validate(review_of(friendly, "Job"), test_config()).outcome == "passed");
}

TEST_CASE("the cluster's own namespaces are left alone") {
  for (const char* where : {"kube-system", "chaperone"})
    CHECK(mutate(review_of(kHostile, "Pod", where), test_config()).outcome == "passed");
}

TEST_CASE("what is no review is no review") {
  std::string deep(500, '[');
  for (const std::string& body :
       {std::string(), std::string("{}"), std::string("[]"), std::string("{"), deep,
        std::string(R"({"apiVersion": "admission.k8s.io/v1beta1", "request": {"uid": "x"}})"),
        std::string(R"({"apiVersion": "admission.k8s.io/v1", "request": {"uid": "x"}})")}) {
    CHECK(mutate(body, test_config()).http_status == 400);
    CHECK(validate(body, test_config()).http_status == 400);
  }
}

}  // namespace chaperone::injector
