#include "sidecar/capture/parameters.h"

#include <arpa/inet.h>
#include <net/if.h>

#include <algorithm>
#include <array>
#include <set>

namespace chaperone::capture {
namespace {

bool is_address(int family, const std::string& text) {
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  return inet_pton(family, text.c_str(), bytes.data()) == 1;
}

bool is_device_name(const std::string& name) {
  auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.' || c == '@';
  };
  return !name.empty() && name.size() < IFNAMSIZ && name != "lo" &&
         std::all_of(name.begin(), name.end(), plain);
}

Result<void> check_identity(const Parameters& parameters) {
  // UID 0 would exempt whoever is root in the pod; -1 is the kernel's "no user".
  for (std::uint32_t id : {parameters.sidecar_uid, parameters.sidecar_gid}) {
    if (id == 0 || id == UINT32_MAX) {
      return Error{"the sidecar's UID and GID must lie between 1 and 4294967294; 19337 is usual"};
    }
  }
  if (parameters.sidecar_uid > parameters.last_uid) {
    return Error{"the sidecar's UID " + std::to_string(parameters.sidecar_uid) +
                 " is not mapped in this user namespace, which ends at " +
                 std::to_string(parameters.last_uid)};
  }
  return {};
}

Result<void> check_ports(const Parameters& parameters) {
  const Ports& ports = parameters.ports;
  std::set<std::uint16_t> seen;
  for (std::uint16_t port :
       {ports.outbound, ports.inbound, ports.probe, ports.dns, ports.metrics}) {
    if (port == 0 || port == 53 || !seen.insert(port).second) {
      return Error{"listener port " + std::to_string(port) +
                   " is 0, 53 or used twice; each of the sidecar's listeners needs its own port"};
    }
  }
  if (parameters.inbound_ports.size() > kInboundPortsMax) {
    return Error{"more than " + std::to_string(kInboundPortsMax) + " inbound ports are declared"};
  }
  for (std::uint16_t port : parameters.inbound_ports) {
    if (port == 0 || !seen.insert(port).second) {
      return Error{"inbound port " + std::to_string(port) +
                   " is 0, declared twice, or one of the sidecar's own; declare another"};
    }
  }
  return {};
}

Result<void> check_resolvers(int family, const std::vector<std::string>& addresses) {
  if (addresses.size() > kResolversMax) {
    return Error{"more than " + std::to_string(kResolversMax) + " resolvers are given"};
  }
  std::set<std::string> seen;
  for (const std::string& address : addresses) {
    if (!is_address(family, address)) return Error{"resolver '" + address + "' is not an address"};
    if (!seen.insert(address).second) return Error{"resolver " + address + " is given twice"};
  }
  return {};
}

// The unspecified address, a group's, everybody's: a rule for it would open what nobody meant.
bool is_nobody(const std::string& text) {
  in_addr v4{};
  if (inet_pton(AF_INET, text.c_str(), &v4) == 1) {
    const std::uint32_t first = ntohl(v4.s_addr) >> 24;
    return first == 0 || first >= 224;
  }
  in6_addr v6{};
  return inet_pton(AF_INET6, text.c_str(), &v6) == 1 &&
         (IN6_IS_ADDR_UNSPECIFIED(&v6) || IN6_IS_ADDR_MULTICAST(&v6) || IN6_IS_ADDR_V4MAPPED(&v6));
}

}  // namespace

Result<void> add_resolver(Parameters& parameters, std::string_view address) {
  std::string text(address);
  if (is_nobody(text)) {
    return Error{"resolver " + text +
                 " is nobody's address: name the server that the sidecar asks"};
  }
  if (is_address(AF_INET, text)) {
    parameters.resolvers4.push_back(text);
    return {};
  }
  // The kernel prints an address in one way only, and the live rules are compared with ours.
  in6_addr bytes{};
  if (inet_pton(AF_INET6, text.c_str(), &bytes) == 1) {
    std::array<char, INET6_ADDRSTRLEN> canonical{};
    inet_ntop(AF_INET6, &bytes, canonical.data(), canonical.size());
    parameters.resolvers6.emplace_back(canonical.data());
    return {};
  }
  return Error{"resolver '" + text +
               "' is not an IPv4 or IPv6 address; names are not looked up here"};
}

Result<void> check(const Parameters& parameters) {
  if (Result<void> identity = check_identity(parameters); !identity) return identity;
  if (Result<void> ports = check_ports(parameters); !ports) return ports;
  if (Result<void> v4 = check_resolvers(AF_INET, parameters.resolvers4); !v4) return v4;
  if (Result<void> v6 = check_resolvers(AF_INET6, parameters.resolvers6); !v6) return v6;
  for (const std::string& device : parameters.devices) {
    if (!is_device_name(device)) {
      return Error{"device '" + device + "' cannot be guarded: not a plain interface name"};
    }
  }
  if (parameters.dials_max == 0 || parameters.dials_max > kDialsMaxMost) {
    return Error{"dials-max must be from 1 to " + std::to_string(kDialsMaxMost) +
                 ", below the listener's backlog"};
  }
  return {};
}

}  // namespace chaperone::capture
