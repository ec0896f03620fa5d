#include "sidecar/capture/nft_ruleset.h"

#include "sidecar/capture/text_template.h"

namespace chaperone::capture {
namespace {

// $owner is the sidecar: user and group, since either alone can be had without the other.
constexpr std::string_view kInetTable = R"(table inet $table {$flags
	set dns4 {
		type ipv4_addr$dns4
	}
	set dns6 {
		type ipv6_addr$dns6
	}
	set dials {
		typeof meta skuid
		flags dynamic
	}
	counter escaped_out {
	}
	counter escaped_post {
	}
	chain raw_out {
		type filter hook output priority -300; policy accept;
		$owner udp sport != $dns notrack
	}
	chain raw_in {
		type filter hook prerouting priority -300; policy accept;
		iifname != "lo" meta l4proto udp notrack
	}
	chain nat_out {
		type nat hook output priority -100; policy accept;
		$owner return
		fib daddr type local return
		meta l4proto { tcp, udp } th dport 53 redirect to :$dns
		meta l4proto tcp redirect to :$outbound
	}
	chain nat_in {
		type nat hook prerouting priority -100; policy accept;
$redirect_in	}
	chain f_out {
		type filter hook output priority 0; policy drop;
		$owner goto side_out
		meta skuid 0-4294967295 goto agent_out
		meta l4proto tcp tcp flags & syn == 0 ct mark 0x1 ct state established accept
		ip6 hoplimit 255 icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit } accept
		tcp flags & rst == rst fib daddr type local accept
		goto agent_out
	}
	chain side_out {
		tcp sport { $outbound, $dns } fib daddr type != local drop
		meta l4proto tcp ct mark set 0x1 accept
		ip daddr @dns4 udp dport 53 accept
		ip6 daddr @dns6 udp dport 53 accept
		oifname "lo" accept
		goto agent_out
	}
	chain agent_out {
		fib saddr type != local drop
$trial		tcp sport { $ours } drop
		udp sport $dns drop
		tcp dport { $outbound, $inbound, $dns } ct status & dnat == 0 reject with tcp reset
		udp dport $dns ct status & dnat == 0 reject
		ct state new tcp dport { $outbound, $dns } add @dials { meta skuid ct count over $dials_max } reject with tcp reset
		fib daddr type local accept
		counter name escaped_out
		meta l4proto tcp reject with tcp reset
		reject with icmpx admin-prohibited
	}
	chain f_post {
		type filter hook postrouting priority 300; policy drop;
		oifname "lo" accept
		fib daddr type local drop
		$owner accept
		meta l4proto tcp ct mark 0x1 accept
		ip6 hoplimit 255 icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit } accept
		counter name escaped_post
	}
	chain f_in {
		type filter hook input priority 0; policy drop;
		iifname "lo" accept
		meta l4proto tcp tcp flags & (syn | ack) != syn ct mark 0x1 accept
		$owner ip saddr @dns4 udp sport 53 accept
		$owner ip6 saddr @dns6 udp sport 53 accept
$accept_in		tcp dport { $probe, $metrics } accept
		ip6 hoplimit 255 icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert } accept
		icmp type destination-unreachable ct state related ct mark 0x1 accept
		icmpv6 type { destination-unreachable, packet-too-big } ct state related ct mark 0x1 accept
	}
	chain f_fwd {
		type filter hook forward priority 0; policy drop;
	}
}
)";

// Frames of packet sockets (NET_RAW) pass no `inet` hook at all.
constexpr std::string_view kNetdevTable = R"(table netdev chaperone_l2 {
	counter escaped_l2 {
	}
	chain eg {
		type filter hook egress $devices priority 0; policy accept;
		meta skuid != $uid counter name escaped_l2 drop
		ether type != { arp, ip, ip6 } counter name escaped_l2 drop
	}
}
)";

constexpr std::string_view kRedirectIn =
    "\t\tiifname != \"lo\" tcp dport { $ports } redirect to :$inbound\n";
constexpr std::string_view kAcceptIn = "\t\ttcp dport $inbound ct status & dnat != 0 accept\n";
constexpr std::string_view kTrial = "\t\tmeta skuid $uid tcp sport { $outbound, $dns } accept\n";

std::string elements(const std::vector<std::string>& addresses) {
  if (addresses.empty()) return "";
  return "\n\t\telements = { " + join(addresses, ", ") + " }";
}

std::string device_clause(const std::vector<std::string>& devices) {
  std::vector<std::string> quoted;
  for (const std::string& device : devices) quoted.push_back('"' + device + '"');
  if (quoted.size() == 1) return "device " + quoted[0];
  return "devices = { " + join(quoted, ", ") + " }";
}

std::string inbound_rule(std::string_view rule, const Parameters& parameters) {
  if (parameters.inbound_ports.empty()) return "";
  std::vector<std::string> ports;
  for (std::uint16_t port : parameters.inbound_ports) ports.push_back(std::to_string(port));
  return fill(
      rule, {{"ports", join(ports, ", ")}, {"inbound", std::to_string(parameters.ports.inbound)}});
}

std::string trial_rule(const Parameters& parameters, std::optional<std::uint32_t> uid) {
  if (!uid) return "";
  return fill(kTrial, {{"uid", std::to_string(*uid)},
                       {"outbound", std::to_string(parameters.ports.outbound)},
                       {"dns", std::to_string(parameters.ports.dns)}});
}

std::string inet_table(const Parameters& parameters, std::string_view name, std::string_view flags,
                       std::optional<std::uint32_t> self_test_uid) {
  const Ports& ports = parameters.ports;
  std::vector<std::string> ours;
  for (auto port : {ports.outbound, ports.inbound, ports.probe, ports.dns, ports.metrics}) {
    ours.push_back(std::to_string(port));
  }
  return fill(kInetTable, {{"table", std::string(name)},
                           {"flags", std::string(flags)},
                           {"dns4", elements(parameters.resolvers4)},
                           {"dns6", elements(parameters.resolvers6)},
                           {"owner", "meta skuid " + std::to_string(parameters.sidecar_uid) +
                                         " meta skgid " + std::to_string(parameters.sidecar_gid)},
                           {"outbound", std::to_string(ports.outbound)},
                           {"inbound", std::to_string(ports.inbound)},
                           {"probe", std::to_string(ports.probe)},
                           {"dns", std::to_string(ports.dns)},
                           {"metrics", std::to_string(ports.metrics)},
                           {"ours", join(ours, ", ")},
                           {"dials_max", std::to_string(parameters.dials_max)},
                           {"redirect_in", inbound_rule(kRedirectIn, parameters)},
                           {"accept_in", inbound_rule(kAcceptIn, parameters)},
                           {"trial", trial_rule(parameters, self_test_uid)}});
}

// Create if absent, delete, create: replaces whatever was there within the transaction.
std::string replace_table(std::string_view family_and_name) {
  std::string name(family_and_name);
  return "table " + name + "\ndelete table " + name + "\n";
}

}  // namespace

std::string nft_ruleset(const Parameters& parameters, std::optional<std::uint32_t> self_test_uid) {
  std::string text =
      replace_table("inet chaperone") + inet_table(parameters, kNftTable, "", self_test_uid);
  if (parameters.devices.empty()) return text;
  return text + replace_table("netdev chaperone_l2") +
         fill(kNetdevTable, {{"devices", device_clause(parameters.devices)},
                             {"uid", std::to_string(parameters.sidecar_uid)}});
}

std::string nft_dormant_intent(const Parameters& parameters) {
  return replace_table("inet chaperone_intent") +
         inet_table(parameters, kNftIntentTable, "\n\tflags dormant", std::nullopt);
}

}  // namespace chaperone::capture
