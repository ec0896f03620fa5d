#include "sidecar/capture/kernel_features.h"

namespace chaperone::capture {
namespace {

std::string nft_filter(std::string_view rule) {
  return "table inet chaperone_probe {\n\tset s {\n\t\ttypeof meta skuid\n\t\tflags dynamic\n\t}\n"
         "\tchain c {\n\t\ttype filter hook output priority 0;\n\t\t" +
         std::string(rule) + "\n\t}\n}\n";
}

std::string nft_nat(std::string_view rule) {
  return "table inet chaperone_probe {\n\tchain c {\n\t\ttype nat hook output priority "
         "-100;\n\t\t" +
         std::string(rule) + "\n\t}\n}\n";
}

std::string table_of(std::string_view table, std::string_view rule) {
  return "*" + std::string(table) + "\n:CHAPERONE_PROBE - [0:0]\n" +
         (rule.empty() ? "" : "-A CHAPERONE_PROBE " + std::string(rule) + "\n") + "COMMIT\n";
}

}  // namespace

std::vector<Feature> nft_features() {
  return {
      {"nfnetlink (NETFILTER_NETLINK)", ""},
      {"nf_tables for both families (NF_TABLES, NF_TABLES_INET)",
       "table inet chaperone_probe {\n}\n"},
      {"filter chains (NF_TABLES)", nft_filter("accept")},
      {"NAT in the inet family, Linux 5.2 or later (NFT_NAT)", nft_nat("accept")},
      {"redirection (NFT_REDIR)", nft_nat("meta l4proto tcp redirect to :1")},
      {"address types (NFT_FIB_INET)", nft_filter("fib daddr type local accept")},
      {"the owner of a socket (nft meta skuid)", nft_filter("meta skuid 1 accept")},
      {"connection tracking (NF_CONNTRACK, NFT_CT)", nft_filter("ct state established accept")},
      {"marks on connections (NF_CONNTRACK_MARK)", nft_filter("ct mark set 0x1 accept")},
      {"untracked packets (nft notrack)", nft_filter("notrack")},
      {"counting of connections (NFT_CONNLIMIT, NETFILTER_CONNCOUNT)",
       nft_filter("add @s { meta skuid ct count over 1 } drop")},
      {"refusals (NFT_REJECT_INET)", nft_filter("reject with icmpx admin-prohibited")},
  };
}

std::vector<Feature> iptables_features(Family family) {
  const bool v4 = family == Family::V4;
  std::vector<Feature> features = {
      {"table filter (IP_NF_FILTER, IP6_NF_FILTER)", table_of("filter", "")},
      {"table mangle (IP_NF_MANGLE, IP6_NF_MANGLE)", table_of("mangle", "")},
      {"table raw (IP_NF_RAW, IP6_NF_RAW)", table_of("raw", "")},
      {"table nat (IP_NF_NAT, IP6_NF_NAT)", table_of("nat", "")},
      {"match owner (NETFILTER_XT_MATCH_OWNER)",
       table_of("filter", "-m owner --uid-owner 1 -j ACCEPT")},
      {"match addrtype (NETFILTER_XT_MATCH_ADDRTYPE)",
       table_of("filter", "-m addrtype --dst-type LOCAL -j ACCEPT")},
      {"match conntrack (NETFILTER_XT_MATCH_CONNTRACK)",
       table_of("filter", "-m conntrack --ctstate ESTABLISHED -j ACCEPT")},
      {"match connmark (NETFILTER_XT_MATCH_CONNMARK)",
       table_of("filter", "-m connmark --mark 0x1 -j ACCEPT")},
      {"match multiport (NETFILTER_XT_MATCH_MULTIPORT)",
       table_of("filter", "-p tcp -m multiport --dports 1,2 -j ACCEPT")},
      {"match connlimit (NETFILTER_XT_MATCH_CONNLIMIT)",
       table_of("filter", "-p tcp -m connlimit --connlimit-above 1 --connlimit-mask 0 -j DROP")},
      {"match comment (NETFILTER_XT_MATCH_COMMENT)", table_of("filter", "-m comment --comment c")},
      {"target CONNMARK (NETFILTER_XT_TARGET_CONNMARK)",
       table_of("filter", "-p tcp -j CONNMARK --set-xmark 0x1/0xffffffff")},
      {"target CT (NETFILTER_XT_TARGET_CT)", table_of("raw", "-p udp -j CT --notrack")},
      {"target REDIRECT (NETFILTER_XT_TARGET_REDIRECT)",
       table_of("nat", "-p tcp -j REDIRECT --to-ports 1")},
      {"target REJECT (IP_NF_TARGET_REJECT, IP6_NF_TARGET_REJECT)",
       table_of("filter", "-p tcp -j REJECT --reject-with tcp-reset")},
  };
  if (!v4) {
    features.push_back(
        {"match hl (NETFILTER_XT_MATCH_HL)", table_of("filter", "-m hl --hl-eq 255 -j ACCEPT")});
  }
  return features;
}

std::vector<std::string> missing(const std::vector<Feature>& features, const Probe& probe) {
  std::vector<std::string> names;
  for (const Feature& feature : features) {
    if (!probe(feature.probe)) names.emplace_back(feature.name);
  }
  return names;
}

std::string egress_probe(const std::string& device) {
  return "table netdev chaperone_probe {\n\tchain c {\n\t\ttype filter hook egress device \"" +
         device + "\" priority 0;\n\t\tmeta skuid 1 drop\n\t}\n}\n";
}

}  // namespace chaperone::capture
