#include "sidecar/capture/foreign_rules.h"

#include <catch2/catch.hpp>

using namespace chaperone::capture;

TEST_CASE("a mesh's NAT rules are found and named") {
  auto found = foreign_in_nft(
      "table ip nat {\n"
      "\tchain OUTPUT {\n"
      "\t\ttype nat hook output priority dstnat; policy accept;\n"
      "\t\tip protocol tcp counter jump MESH_OUTPUT\n"
      "\t}\n"
      "\tchain MESH_OUTPUT {\n"
      "\t\tcounter redirect to :15001\n"
      "\t}\n"
      "}\n");
  REQUIRE(found.size() == 1);
  CHECK(found[0].where == "nft table ip nat, chain OUTPUT");
  CHECK(found[0].rule == "ip protocol tcp counter jump MESH_OUTPUT");
  CHECK(describe(found).find("MESH_OUTPUT") != std::string::npos);
}

TEST_CASE("our own table, empty chains and other hooks are not foreign") {
  CHECK(foreign_in_nft("table inet chaperone {\n"
                       "\tchain nat_out {\n"
                       "\t\ttype nat hook output priority -100; policy accept;\n"
                       "\t\tmeta l4proto tcp redirect to :19001\n"
                       "\t}\n"
                       "}\n"
                       "table ip nat {\n"
                       "\tchain OUTPUT {\n"
                       "\t\ttype nat hook output priority -100; policy accept;\n"
                       "\t}\n"
                       "\tchain POSTROUTING {\n"
                       "\t\ttype nat hook postrouting priority srcnat; policy accept;\n"
                       "\t\tmasquerade\n"
                       "\t}\n"
                       "}\n")
            .empty());
}

TEST_CASE("rules that divert packets without NAT are found in any chain") {
  auto found = foreign_in_nft(
      "table inet mesh {\n"
      "\tchain pre {\n"
      "\t\ttype filter hook prerouting priority mangle; policy accept;\n"
      "\t\tmeta l4proto tcp tproxy to :15001\n"
      "\t\tmeta l4proto udp tproxy ip to 127.0.0.1:15001\n"
      "\t\tcounter packets 0 bytes 0 xt target \"TPROXY\"\n"
      "\t}\n"
      "\tchain jumped_to {\n"
      "\t\tip daddr 10.0.0.1 dup to 10.78.0.2 device \"eth0\"\n"
      "\t}\n"
      "}\n"
      "table netdev tap {\n"
      "\tchain eg {\n"
      "\t\ttype filter hook egress device \"eth0\" priority filter; policy accept;\n"
      "\t\tether type ip fwd to \"lo\"\n"
      "\t\tdup to \"lo\"\n"
      "\t}\n"
      "}\n");
  REQUIRE(found.size() == 6);
  CHECK(found[0].where == "nft table inet mesh, chain pre");
  CHECK(found[3].where == "nft table inet mesh, chain jumped_to");
  CHECK(found[4].where == "nft table netdev tap, chain eg");
  CHECK(found[4].rule == "ether type ip fwd to \"lo\"");
}

TEST_CASE("filter rules that only speak of such words divert nothing") {
  CHECK(foreign_in_nft("table inet other {\n"
                       "\tchain tproxy {\n"
                       "\t\ttype filter hook output priority filter; policy accept;\n"
                       "\t\tlog prefix \"seen dup to \" drop comment \"no tproxy here\"\n"
                       "\t\tjump fwd\n"
                       "\t}\n"
                       "}\n")
            .empty());
}

TEST_CASE("a table that borrows our name in another family is foreign") {
  CHECK(foreign_in_nft("table ip chaperone {\n"
                       "\tchain x {\n"
                       "\t\ttype nat hook prerouting priority 0; policy accept;\n"
                       "\t\tdnat to 1.2.3.4\n"
                       "\t}\n"
                       "}\n")
            .size() == 1);
}

TEST_CASE("iptables: rules in or to a chain that is not ours") {
  auto found = foreign_in_iptables("iptables-nft",
                                   "*nat\n"
                                   ":OUTPUT ACCEPT [0:0]\n"
                                   "-A OUTPUT -j CHAPERONE_NAT_OUT\n"
                                   "-A OUTPUT -d 127.0.0.11/32 -j DOCKER_OUTPUT\n"
                                   "-A CHAPERONE_NAT_OUT -p tcp -j REDIRECT --to-ports 19001\n"
                                   "COMMIT\n"
                                   "*filter\n"
                                   "-A INPUT -j ACCEPT\n"
                                   "COMMIT\n");
  REQUIRE(found.size() == 2);
  CHECK(found[0].where == "iptables-nft table nat");
  CHECK(found[0].rule == "-A OUTPUT -d 127.0.0.11/32 -j DOCKER_OUTPUT");
  CHECK(found[1].where == "iptables-nft table filter");
}

TEST_CASE("a long list is cut, and says so") {
  std::vector<ForeignRule> rules(20, {"here", "rule"});
  CHECK(describe(rules).find("and 12 more") != std::string::npos);
}

TEST_CASE("what an earlier run of ours left behind is not called another interceptor") {
  const std::string left =
      "table ip nat {\n"
      "\tchain OUTPUT {\n"
      "\t\ttype nat hook output priority dstnat; policy accept;\n"
      "\t\tcounter packets 0 bytes 0 jump CHAPERONE_NAT_OUT\n"
      "\t}\n"
      "}\n";
  auto found = foreign_in_nft(left);
  REQUIRE(found.size() == 1);  // refused as ever: two sets of rules would be in force
  CHECK(refusal(found).find("earlier run of chaperone-init") != std::string::npos);
  CHECK(refusal(found).find("interceptor out of the pod") == std::string::npos);
  auto mixed = foreign_in_iptables("iptables-legacy", "*nat\n-A OUTPUT -j MESH_OUTPUT\nCOMMIT\n");
  mixed.push_back(found[0]);
  CHECK(refusal(mixed).find("interceptor out of the pod") != std::string::npos);
}
