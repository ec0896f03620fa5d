#include "sidecar/capture/iptables_ruleset.h"

#include "sidecar/capture/text_template.h"

namespace chaperone::capture {
namespace {

// "--uid-owner 0-$last_uid" asks for a socket with an owner; "--socket-exists" would also match
// the kernel's own sockets, which send resets and ICMP errors.
constexpr std::string_view kFilter = R"(*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
:CHAPERONE_AGENT - [0:0]
:CHAPERONE_IN - [0:0]
:CHAPERONE_OUT - [0:0]
:CHAPERONE_SIDE - [0:0]
-A INPUT -j CHAPERONE_IN
-A OUTPUT -j CHAPERONE_OUT
-A CHAPERONE_AGENT -m addrtype ! --src-type LOCAL -j DROP
$trial-A CHAPERONE_AGENT -p tcp -m multiport --sports $ours -j DROP
-A CHAPERONE_AGENT -p udp -m udp --sport $dns -j DROP
-A CHAPERONE_AGENT -p tcp -m multiport --dports $outbound,$inbound,$dns -m conntrack ! --ctstate DNAT -j REJECT --reject-with tcp-reset
-A CHAPERONE_AGENT -p udp -m udp --dport $dns -m conntrack ! --ctstate DNAT -j REJECT --reject-with $port_unreachable
-A CHAPERONE_AGENT -p tcp -m conntrack --ctstate NEW -m multiport --dports $outbound,$dns -m connlimit --connlimit-above $dials_max --connlimit-mask 0 --connlimit-saddr -j REJECT --reject-with tcp-reset
-A CHAPERONE_AGENT -m addrtype --dst-type LOCAL -j ACCEPT
-A CHAPERONE_AGENT -m comment --comment escaped_out
-A CHAPERONE_AGENT -p tcp -j REJECT --reject-with tcp-reset
-A CHAPERONE_AGENT -j REJECT --reject-with $prohibited
-A CHAPERONE_IN -i lo -j ACCEPT
-A CHAPERONE_IN -p tcp -m tcp ! --tcp-flags SYN,ACK SYN -m connmark --mark 0x1 -j ACCEPT
$answers$accept_in-A CHAPERONE_IN -p tcp -m multiport --dports $probe,$metrics -j ACCEPT
$icmp_in-A CHAPERONE_OUT $owner -g CHAPERONE_SIDE
-A CHAPERONE_OUT -m owner --uid-owner 0-$last_uid -g CHAPERONE_AGENT
-A CHAPERONE_OUT -p tcp -m tcp --tcp-flags SYN NONE -m connmark --mark 0x1 -m conntrack --ctstate ESTABLISHED -j ACCEPT
$nd_out-A CHAPERONE_OUT -p tcp -m tcp --tcp-flags RST RST -m addrtype --dst-type LOCAL -j ACCEPT
-A CHAPERONE_OUT -g CHAPERONE_AGENT
-A CHAPERONE_SIDE -p tcp -m multiport --sports $outbound,$dns -m addrtype ! --dst-type LOCAL -j DROP
-A CHAPERONE_SIDE -p tcp -j CONNMARK --set-xmark 0x1/0xffffffff
-A CHAPERONE_SIDE -p tcp -j ACCEPT
$queries-A CHAPERONE_SIDE -o lo -j ACCEPT
-A CHAPERONE_SIDE -g CHAPERONE_AGENT
COMMIT
)";

constexpr std::string_view kMangle = R"(*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING DROP [0:0]
:CHAPERONE_POST - [0:0]
-A POSTROUTING -j CHAPERONE_POST
-A CHAPERONE_POST -o lo -j ACCEPT
-A CHAPERONE_POST -m addrtype --dst-type LOCAL -j DROP
-A CHAPERONE_POST $owner -j ACCEPT
-A CHAPERONE_POST -p tcp -m connmark --mark 0x1 -j ACCEPT
$nd_post-A CHAPERONE_POST -m comment --comment escaped_post
COMMIT
)";

// The owner of an arriving answer cannot be asked for here, so that the sidecar's own queries are
// tracked in a zone apart: only answers to them are accepted, and no agent's port meets their
// entry. Any other datagram from outside is dropped before an entry of it is confirmed.
constexpr std::string_view kRaw = R"(*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:CHAPERONE_RAW_IN - [0:0]
:CHAPERONE_RAW_OUT - [0:0]
-A PREROUTING -j CHAPERONE_RAW_IN
-A OUTPUT -j CHAPERONE_RAW_OUT
$zone_in-A CHAPERONE_RAW_OUT -p udp $owner -m udp ! --sport $dns -j CT --zone 19337
COMMIT
)";

constexpr std::string_view kNat = R"(*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:CHAPERONE_NAT_IN - [0:0]
:CHAPERONE_NAT_OUT - [0:0]
-A PREROUTING -j CHAPERONE_NAT_IN
-A OUTPUT -j CHAPERONE_NAT_OUT
$redirect_in-A CHAPERONE_NAT_OUT $owner -j RETURN
-A CHAPERONE_NAT_OUT -m addrtype --dst-type LOCAL -j RETURN
-A CHAPERONE_NAT_OUT -p tcp -m tcp --dport 53 -j REDIRECT --to-ports $dns
-A CHAPERONE_NAT_OUT -p udp -m udp --dport 53 -j REDIRECT --to-ports $dns
-A CHAPERONE_NAT_OUT -p tcp -j REDIRECT --to-ports $outbound
COMMIT
)";

using Fillings = std::vector<Filling>;

std::string per_resolver(const std::vector<std::string>& resolvers, Family family,
                         std::string_view line) {
  std::string text;
  for (const std::string& address : resolvers) {
    text += fill(line, {{"address", address + (family == Family::V4 ? "/32" : "/128")}});
  }
  return text;
}

// One line for each ICMPv6 type: xt_icmp6 takes no list.
std::string nd_rules(std::string_view chain, std::initializer_list<int> types) {
  std::string text;
  for (int type : types) {
    text += "-A " + std::string(chain) + " -p ipv6-icmp -m icmp6 --icmpv6-type " +
            std::to_string(type) + " -m hl --hl-eq 255 -j ACCEPT\n";
  }
  return text;
}

std::string icmp_in(Family family) {
  constexpr std::string_view related = " -m conntrack --ctstate RELATED -m connmark --mark 0x1 ";
  if (family == Family::V4) {
    return "-A CHAPERONE_IN -p icmp -m icmp --icmp-type 3" + std::string(related) + "-j ACCEPT\n";
  }
  std::string text = nd_rules("CHAPERONE_IN", {134, 135, 136});
  for (const char* type : {"1", "2"}) {
    text += "-A CHAPERONE_IN -p ipv6-icmp -m icmp6 --icmpv6-type " + std::string(type) +
            std::string(related) + "-j ACCEPT\n";
  }
  return text;
}

void add_inbound(Fillings& fillings, const Parameters& parameters) {
  std::vector<std::string> ports;
  for (std::uint16_t port : parameters.inbound_ports) ports.push_back(std::to_string(port));
  std::string inbound = std::to_string(parameters.ports.inbound);
  bool any = !ports.empty();
  fillings.push_back(
      {"redirect_in", !any ? ""
                           : "-A CHAPERONE_NAT_IN ! -i lo -p tcp -m multiport --dports " +
                                 join(ports, ",") + " -j REDIRECT --to-ports " + inbound + "\n"});
  fillings.push_back({"accept_in", !any ? ""
                                        : "-A CHAPERONE_IN -p tcp -m tcp --dport " + inbound +
                                              " -m conntrack --ctstate DNAT -j ACCEPT\n"});
}

void add_ports(Fillings& fillings, const Ports& ports) {
  std::vector<std::string> ours;
  for (auto port : {ports.outbound, ports.inbound, ports.probe, ports.dns, ports.metrics}) {
    ours.push_back(std::to_string(port));
  }
  fillings.push_back({"ours", join(ours, ",")});
  fillings.push_back({"outbound", std::to_string(ports.outbound)});
  fillings.push_back({"inbound", std::to_string(ports.inbound)});
  fillings.push_back({"probe", std::to_string(ports.probe)});
  fillings.push_back({"dns", std::to_string(ports.dns)});
  fillings.push_back({"metrics", std::to_string(ports.metrics)});
}

void add_family(Fillings& fillings, const Parameters& parameters, Family family) {
  bool v4 = family == Family::V4;
  const auto& resolvers = v4 ? parameters.resolvers4 : parameters.resolvers6;
  fillings.push_back({"port_unreachable", v4 ? "icmp-port-unreachable" : "icmp6-port-unreachable"});
  fillings.push_back({"prohibited", v4 ? "icmp-admin-prohibited" : "icmp6-adm-prohibited"});
  fillings.push_back({"nd_out", v4 ? "" : nd_rules("CHAPERONE_OUT", {133, 135, 136})});
  fillings.push_back({"nd_post", v4 ? "" : nd_rules("CHAPERONE_POST", {133, 135, 136})});
  fillings.push_back({"icmp_in", icmp_in(family)});
  fillings.push_back(
      {"zone_in", per_resolver(resolvers, family,
                               "-A CHAPERONE_RAW_IN -s $address ! -i lo -p udp -m udp "
                               "--sport 53 -j CT --zone 19337\n")});
  fillings.push_back(
      {"answers", per_resolver(resolvers, family,
                               "-A CHAPERONE_IN -s $address -p udp -m udp --sport 53 "
                               "-m conntrack --ctstate ESTABLISHED -j ACCEPT\n")});
  fillings.push_back({"queries", per_resolver(resolvers, family,
                                              "-A CHAPERONE_SIDE -d $address -p udp -m udp "
                                              "--dport 53 -j ACCEPT\n")});
}

}  // namespace

std::string iptables_ruleset(const Parameters& parameters, Family family,
                             std::optional<std::uint32_t> self_test_uid) {
  Fillings fillings;
  add_ports(fillings, parameters.ports);
  add_inbound(fillings, parameters);
  add_family(fillings, parameters, family);
  fillings.push_back({"last_uid", std::to_string(parameters.last_uid)});
  fillings.push_back({"dials_max", std::to_string(parameters.dials_max)});
  fillings.push_back({"owner", "-m owner --uid-owner " + std::to_string(parameters.sidecar_uid) +
                                   " --gid-owner " + std::to_string(parameters.sidecar_gid)});
  fillings.push_back({"trial", !self_test_uid
                                   ? ""
                                   : "-A CHAPERONE_AGENT -p tcp -m multiport --sports " +
                                         std::to_string(parameters.ports.outbound) + "," +
                                         std::to_string(parameters.ports.dns) +
                                         " -m owner --uid-owner " + std::to_string(*self_test_uid) +
                                         " -j ACCEPT\n"});
  return fill(kFilter, fillings) + fill(kMangle, fillings) + fill(kRaw, fillings) +
         fill(kNat, fillings);
}

}  // namespace chaperone::capture
