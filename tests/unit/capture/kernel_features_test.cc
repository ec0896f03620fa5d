#include "sidecar/capture/kernel_features.h"

#include <catch2/catch.hpp>

using namespace chaperone::capture;

namespace {

// A kernel that refuses every probe in which `word` stands.
Probe kernel_without(std::string word) {
  return [word](const std::string& probe) { return probe.find(word) == std::string::npos; };
}

bool names(const std::vector<std::string>& missing, const std::string& word) {
  for (const std::string& name : missing) {
    if (name.find(word) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("a kernel with everything lacks nothing") {
  auto all = [](const std::string&) { return true; };
  CHECK(missing(nft_features(), all).empty());
  CHECK(missing(iptables_features(Family::V4), all).empty());
}

TEST_CASE("one missing nft expression is named alone") {
  const std::pair<const char*, const char*> cases[] = {
      {"fib ", "NFT_FIB_INET"},  {"redirect", "NFT_REDIR"},     {"skuid 1 ", "owner"},
      {"ct count", "CONNLIMIT"}, {"reject", "NFT_REJECT_INET"}, {"notrack", "untracked"},
      {"ct mark", "MARK"},       {"ct state", "NF_CONNTRACK"}};
  for (auto [word, name] : cases) {
    auto lacks = missing(nft_features(), kernel_without(word));
    CHECK(lacks.size() == 1);
    CHECK(names(lacks, name));
  }
}

TEST_CASE("a kernel without NAT in the inet family lacks redirection with it") {
  CHECK(names(missing(nft_features(), kernel_without("type nat")), "Linux 5.2"));
  CHECK(missing(nft_features(), kernel_without("table")).size() == nft_features().size() - 1);
}

TEST_CASE("one missing iptables module is named alone") {
  const std::pair<const char*, const char*> cases[] = {{"-m owner", "MATCH_OWNER"},
                                                       {"-m addrtype", "MATCH_ADDRTYPE"},
                                                       {"*raw", "IP_NF_RAW"},
                                                       {"-j CONNMARK", "TARGET_CONNMARK"},
                                                       {"-m connlimit", "MATCH_CONNLIMIT"},
                                                       {"-j REDIRECT", "TARGET_REDIRECT"},
                                                       {"-m hl", "MATCH_HL"}};
  for (auto [word, name] : cases) {
    CHECK(names(missing(iptables_features(Family::V6), kernel_without(word)), name));
  }
  CHECK_FALSE(names(missing(iptables_features(Family::V4), kernel_without("-m hl")), "MATCH_HL"));
}
