// Replicas and an API server that is a few maps.
#include "injector/keeper.h"

#include <catch2/catch.hpp>
#include <map>

#include "injector/base64.h"
#include "injector/certificates.h"
#include "tests/unit/injector/apply_patch.h"

namespace chaperone::injector {

namespace {
constexpr std::int64_t kStart = 1'800'000'000;

class FakeApi : public KubeApi {
 public:
  FakeApi() {
    objects_[kMutating] = R"({"webhooks":[{"name":"a","clientConfig":{}},{"name":"b","clientConfig":{}}]})";
  }
  Result<KubeAnswer> request(const std::string& method, const std::string& whole_path,
                             const std::string& body, const std::string& type) override {
    if (down) return Error{"down"};
    std::string path = whole_path.substr(0, whole_path.find('?'));
    if (method == "GET") {
      auto found = objects_.find(path);
      return found == objects_.end() ? KubeAnswer{404, ""} : KubeAnswer{200, found->second};
    }
    ++writes;
    if (method == "PATCH" && type != kMergePatch) {
      auto document = document_of(objects_[path]);
      apply_patch(document, without_tests(body));
      objects_[path] = text_of(document);
      return KubeAnswer{200, ""};
    }
    auto document = document_of(body);
    auto& metadata = document["metadata"];
    std::string full = method == "POST" ? path + "/" + metadata["name"].GetString() : path;
    auto found = objects_.find(full);
    if (method == "POST" && found != objects_.end()) return KubeAnswer{409, ""};
    if (method == "PATCH" && version_in(found->second) != metadata["resourceVersion"].GetString())
      return KubeAnswer{409, ""};
    if (metadata.HasMember("resourceVersion")) metadata.RemoveMember("resourceVersion");
    std::string version = std::to_string(++version_);
    metadata.AddMember("resourceVersion",
                       rapidjson::Value(version, document.GetAllocator()), document.GetAllocator());
    objects_[full] = text_of(document);
    return KubeAnswer{method == "POST" ? 201 : 200, ""};
  }
  std::string bundle(unsigned index) {
    auto document = document_of(objects_[kMutating]);
    const auto& place = document["webhooks"][index]["clientConfig"];
    return place.HasMember("caBundle") ? from_base64(place["caBundle"].GetString()) : "";
  }
  void forget_bundles() {
    objects_[kMutating] = R"({"webhooks":[{"name":"a","clientConfig":{}},{"name":"b","clientConfig":{}}]})";
  }
  bool down = false;
  int writes = 0;

 private:
  static constexpr const char* kMutating =
      "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/chaperone-injector";
  static std::string version_in(const std::string& object) {
    return document_of(object)["metadata"]["resourceVersion"].GetString();
  }
  static std::string without_tests(const std::string& patch) {
    auto all = document_of(patch);
    for (auto one = all.Begin(); one != all.End();)
      one = is((*one)["op"], "test") ? all.Erase(one) : one + 1;
    return text_of(all);
  }
  std::map<std::string, std::string> objects_;
  int version_ = 0;
};

KeeperTerms terms(const std::string& identity) {
  return {"chaperone", "tls", "chaperone-injector", identity, {{"injector.chaperone.svc"}, 3000, 10}};
}

struct Replica {
  Replica(FakeApi& api, const std::string& identity) : keeper(api, terms(identity), key, metrics) {}
  bool look(std::int64_t now_s) { return keeper.look(now_s, now_s - kStart).ok(); }
  TlsKey key;
  Metrics metrics;
  Keeper keeper;
};
}  // namespace

TEST_CASE("the first replica makes certificates, the second serves the same") {
  FakeApi api;
  Replica one(api, "one"), two(api, "two");
  REQUIRE(one.look(kStart));
  REQUIRE(two.look(kStart));
  CHECK((one.keeper.ready() && two.keeper.ready()));
  CHECK(one.key.certificate() == two.key.certificate());
  CHECK(verifies(api.bundle(1), one.key.certificate(), "injector.chaperone.svc", kStart));
  int writes = api.writes;
  REQUIRE(two.look(kStart + 1));
  CHECK(api.writes == writes);  // the follower writes nothing
}

TEST_CASE("through a whole rotation both replicas are trusted by what is published") {
  FakeApi api;
  Replica one(api, "one"), two(api, "two");
  REQUIRE(one.look(kStart));
  std::string first = one.key.certificate();
  for (std::int64_t now = kStart; now < kStart + 2600; now += 5) {
    REQUIRE(one.look(now));
    CHECK((!two.key.loaded() ||
           verifies(api.bundle(0), two.key.certificate(), "injector.chaperone.svc", now)));
    REQUIRE(two.look(now));
    CHECK(verifies(api.bundle(0), one.key.certificate(), "injector.chaperone.svc", now));
    CHECK(two.keeper.ready());
  }
  CHECK(one.key.certificate() != first);
  CHECK(certificates_in(api.bundle(0)).size() == 1);
}

TEST_CASE("a leader that is gone is replaced, one that ended in order at once") {
  FakeApi api;
  Replica one(api, "one"), two(api, "two");
  REQUIRE(one.look(kStart));
  REQUIRE(two.look(kStart));
  api.forget_bundles();  // somebody applied the chart again
  REQUIRE(two.look(kStart + 1));
  CHECK_FALSE(two.keeper.ready());
  SECTION("gone") {
    REQUIRE(two.look(kStart + 10));
    CHECK(api.bundle(0).empty());
    REQUIRE(two.look(kStart + 20));
    CHECK(two.keeper.ready());
  }
  SECTION("released") {
    one.keeper.release();
    REQUIRE(two.look(kStart + 2));
    CHECK(two.keeper.ready());
  }
}

TEST_CASE("without the API server the last certificate is served") {
  FakeApi api;
  Replica one(api, "one");
  REQUIRE(one.look(kStart));
  api.down = true;
  CHECK_FALSE(one.look(kStart + 5));
  CHECK(one.key.loaded());
  CHECK(one.keeper.ready());
}

}  // namespace chaperone::injector
