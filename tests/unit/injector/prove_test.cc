// What helm test says, by answers of an API server and a collector that are scripts.
#include "injector/prove.h"

#include <catch2/catch.hpp>
#include <deque>

namespace chaperone::injector {

namespace {
class Scripted : public KubeApi {
 public:
  explicit Scripted(std::deque<KubeAnswer> answers) : answers_(std::move(answers)) {}
  Result<KubeAnswer> request(const std::string&, const std::string& path, const std::string& body,
                             const std::string&) override {
    paths.push_back(path), bodies.push_back(body);
    if (answers_.empty()) return Error{"down"};
    KubeAnswer answer = answers_.front();
    if (answers_.size() > 1) answers_.pop_front();
    return answer;
  }
  std::vector<std::string> paths, bodies;

 private:
  std::deque<KubeAnswer> answers_;
};

const KubeAnswer kInjected{
    201, R"({"spec":{"initContainers":[{"name":"chaperone-init"},{"name":"chaperone"}]}})"};
const KubeAnswer kRefused{403, R"({"message":"spec.hostNetwork: the node's network"})"};
const KubeAnswer kNone{200, R"({"records":[]})"}, kRecord{200, R"({"records":[{}]})"};

struct Outcome {
  std::string error;
  std::vector<std::string> told;
};

Outcome proved(Scripted kube, Scripted collector) {
  ProofTerms terms{"agents", "reader", "", "knocker", std::chrono::seconds(0)};
  Outcome outcome;
  auto done = prove(kube, collector, terms, [&](const std::string& line) { outcome.told.push_back(line); });
  if (!done) outcome.error = done.error().message;
  for (const std::string& path : kube.paths) CHECK(path.ends_with("?dryRun=All"));
  return outcome;
}
}  // namespace

TEST_CASE("a cluster that does what it should proves three things") {
  auto outcome = proved(Scripted({kInjected, kRefused}), Scripted({kRecord}));
  CHECK(outcome.error.empty());
  CHECK(outcome.told.size() == 3);
}

TEST_CASE("what does not hold is named") {
  auto bare = proved(Scripted({{201, R"({"spec":{}})"}, kRefused}), Scripted({kRecord}));
  CHECK(bare.error.find("without a sidecar") != std::string::npos);
  CHECK(bare.told.empty());
  auto open = proved(Scripted({kInjected, kInjected}), Scripted({kRecord}));
  CHECK(open.error.find("was let in") != std::string::npos);
  auto others = proved(Scripted({kInjected, {403, "quota"}}), Scripted({kRecord}));
  CHECK(others.error.find("not by Chaperone") != std::string::npos);
  auto silent = proved(Scripted({kInjected, kRefused}), Scripted({kNone}));
  CHECK(silent.error.find("no record") != std::string::npos);
  auto stranger = proved(Scripted({kInjected, kRefused}), Scripted({{401, "no"}}));
  CHECK(stranger.error.find("401") != std::string::npos);
}

TEST_CASE("whoever has no sidecar beside it does not pass for an agent") {
  CHECK_FALSE(knock("/nowhere/ca.pem").ok());
}

}  // namespace chaperone::injector
