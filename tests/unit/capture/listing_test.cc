#include "sidecar/capture/listing.h"

#include <catch2/catch.hpp>

using namespace chaperone::capture;

namespace {

const std::string kIntent =
    "table inet chaperone_intent {\n\tflags dormant\n\n\tchain c {\n"
    "\t\ttype filter hook output priority filter; policy drop;\n\t\toifname \"lo\" "
    "accept\n\t}\n}\n";
const std::string kLive =
    "table inet chaperone {\n\tchain c {\n"
    "\t\ttype filter hook output priority filter; policy drop;\n\t\toifname \"lo\" "
    "accept\n\t}\n}\n";

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("the live table equals its dormant copy") {
  CHECK(compare_nft(kIntent, kLive, kLive).ok());
}

TEST_CASE("a rule more, less or other, and an open policy, are quoted") {
  auto accepts = compare_nft(kIntent, replaced(kLive, "policy drop", "policy accept"), kLive);
  REQUIRE_FALSE(accepts.ok());
  CHECK(accepts.error().message.find("policy accept") != std::string::npos);
  CHECK_FALSE(compare_nft(kIntent, replaced(kLive, "\"lo\"", "\"eth0\""), kLive).ok());
  CHECK_FALSE(compare_nft(kIntent, replaced(kLive, "\t\toifname \"lo\" accept\n", ""), kLive).ok());
  CHECK_FALSE(
      compare_nft(kIntent, replaced(kLive, "accept\n", "accept\n\t\taccept\n"), kLive).ok());
}

TEST_CASE("rules that the kernel swallowed in both copies are missed by count") {
  std::string meant = replaced(kLive, "accept\n", "accept\n\t\tcounter name x\n");
  CHECK_FALSE(compare_nft(kIntent, kLive, meant).ok());
}

TEST_CASE("the layer-2 table must hang on every device") {
  Parameters parameters;
  parameters.devices = {"eth0", "net1"};
  std::string live =
      "table netdev chaperone_l2 {\n\tcounter escaped_l2 {\n\t}\n\n\tchain eg {\n"
      "\t\ttype filter hook egress devices = { eth0, net1 } priority filter; policy accept;\n"
      "\t\tmeta skuid != 19337 counter name \"escaped_l2\" drop\n"
      "\t\tether type != { arp, ip, ip6 } counter name \"escaped_l2\" drop\n\t}\n}\n";
  CHECK(compare_nft_l2(live, parameters).ok());
  CHECK_FALSE(compare_nft_l2(replaced(live, ", net1", ""), parameters).ok());
  CHECK_FALSE(compare_nft_l2(replaced(live, "19337", "0"), parameters).ok());
}

TEST_CASE("iptables: the order of chains is free, that of rules in a chain is not") {
  std::string meant =
      "*filter\n:OUTPUT DROP [0:0]\n:B - [0:0]\n:A - [0:0]\n-A B -j X\n-A A -j Y\n-A A -j Z\n";
  CHECK(compare_iptables(meant,
                         "# by\n*filter\n:OUTPUT DROP [9:9]\n:A - [0:0]\n:B - [0:0]\n"
                         "-A A -j Y\n-A A -j Z\n-A B -j X\nCOMMIT\n")
            .ok());
  CHECK_FALSE(compare_iptables(meant,
                               "*filter\n:OUTPUT DROP [0:0]\n:A - [0:0]\n:B - [0:0]\n"
                               "-A A -j Z\n-A A -j Y\n-A B -j X\n")
                  .ok());
  CHECK_FALSE(compare_iptables(meant,
                               "*filter\n:OUTPUT ACCEPT [0:0]\n:A - [0:0]\n:B - [0:0]\n"
                               "-A A -j Y\n-A A -j Z\n-A B -j X\n")
                  .ok());
  CHECK_FALSE(compare_iptables(meant, "").ok());
}
