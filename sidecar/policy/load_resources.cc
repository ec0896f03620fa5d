#include <algorithm>
#include <array>

#include "sidecar/policy/limits.h"
#include "sidecar/policy/loading.h"

namespace chaperone::policy {
namespace {

using config::MapReader;
using config::Node;

constexpr std::array<std::string_view, 2> kProtocols = {"opaque", "postgres"};
constexpr std::array<std::string_view, 3> kTlsModes = {"verify-full", "verify-ca", "off"};
constexpr std::array<std::string_view, 3> kWarmModes = {"off", "fresh", "reuse"};
constexpr std::uint16_t kPostgresPort = 5432;

// "tls: off" for "tls: {mode: off}".
std::size_t load_mode(MapReader& parent, Loading& loading, std::string_view key,
                      std::span<const std::string_view> words, std::size_t mode,
                      const std::function<void(MapReader&)>& rest) {
  const Node* node = parent.find(key);
  if (!node) return mode;
  if (node->kind == Node::Kind::kScalar) {
    parent.word(key, words, mode);
    return mode;
  }
  MapReader map(*node, loading.findings, key);
  map.word("mode", words, mode);
  rest(map);
  map.finish();
  return mode;
}

void load_tls(MapReader& parent, Loading& loading, Resource& resource) {
  std::size_t mode = load_mode(parent, loading, "tls", kTlsModes, 0, [&](MapReader& map) {
    map.text("ca_file", resource.ca_file);
    map.text("name", resource.tls_name);
  });
  resource.tls = static_cast<UpstreamTls>(mode);
}

void load_warm(MapReader& parent, Loading& loading, Resource& resource) {
  std::size_t mode = load_mode(parent, loading, "warm", kWarmModes, 1, [&](MapReader& map) {
    map.number("max", resource.warm_max, 1, 1000);
    std::uint64_t age_ms = resource.warm_age_max_s * 1000ull;
    map.duration_ms("age", age_ms, 1000, 24ull * 3600 * 1000);
    resource.warm_age_max_s = static_cast<std::uint32_t>(age_ms / 1000);
  });
  resource.warm = static_cast<Warm>(mode);
}

void load_credential(const Node* node, Loading& loading, Credential& credential) {
  if (!node) return;
  MapReader map(*node, loading.findings, "credential");
  map.text("user_file", credential.user_file);
  map.text("password_file", credential.password_file);
  map.text("certificate_file", credential.certificate_file);
  map.text("key_file", credential.key_file);
  if (credential.certificate_file.empty() != credential.key_file.empty()) {
    map.add(*node, "certificate_file and key_file go together");
  }
  map.finish();
}

void load_login(const Node& node, Loading& loading, Resource& resource) {
  MapReader map(node, loading.findings, "login");
  LoginMapping login{"*", "*", "*", "*"};
  map.text("user", login.client_user);
  map.text("database", login.client_database);
  map.require("role");
  map.text("role", login.role);
  map.text("to_database", login.database);
  map.finish();
  resource.logins.push_back(std::move(login));
}

void load_addresses(MapReader& map, Loading& loading, Resource& resource) {
  const Node* node = map.find("addresses");
  if (!node) return;
  for (const Node& item : config::read_list(*node, loading.findings, "addresses")) {
    auto text = config::read_text(item, loading.findings, "an address");
    if (!text) continue;
    auto range = cidr_from(*text);
    if (range) {
      resource.addresses.push_back(*range);
    } else {
      map.add(item, config::quote(*text) +
                        " is no address or range: write 10.0.0.0/8, 10.1.2.3 or 2001:db8::/32, "
                        "without bits beyond the prefix");
    }
  }
}

void load_ports(MapReader& map, Loading& loading, Resource& resource) {
  const Node* node = map.find("ports");
  if (!node) {
    if (resource.protocol == Protocol::kPostgres) resource.ports.push_back(kPostgresPort);
    return;
  }
  for (const Node& item : config::read_list(*node, loading.findings, "ports")) {
    auto port = config::read_integer(item, loading.findings, "a port", 1, 65535);
    if (port) resource.ports.push_back(static_cast<std::uint16_t>(*port));
  }
}

void load_sni(MapReader& map, Loading& loading, Resource& resource) {
  if (const Node* node = map.find("sni")) config::read_list(*node, loading.findings, "sni");
  map.texts("sni", resource.sni);
  for (std::string& name : resource.sni) {
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
    std::size_t star = name.find('*', name.rfind("*.", 0) == 0 && name.size() > 2 ? 1 : 0);
    if (name.empty() || star != std::string::npos) {
      map.add(*map.find("sni"),
              config::quote(name) + " is no name: write host.example.org or *.example.org");
    }
  }
}

void check_postgres(const Node& node, MapReader& map, const Resource& resource) {
  if (resource.addresses.empty() && resource.hosts.empty()) {
    map.add(node, "resource '" + resource.name +
                      "' needs hosts or addresses: where the agent's connections go");
  }
  if (!resource.sni.empty()) map.add(node, "sni is for resources whose protocol is opaque");
  bool verifies = resource.tls != UpstreamTls::kOff;
  if (verifies && resource.ca_file.empty()) {
    map.add(node, "resource '" + resource.name +
                      "' needs tls.ca_file, or 'tls: off' where the path is trusted");
  }
  if (resource.tls == UpstreamTls::kVerifyFull && resource.tls_name.empty()) {
    map.add(node, "resource '" + resource.name +
                      "' needs hosts or tls.name: the name that its certificate must carry");
  }
}

void check_opaque(const Node& node, MapReader& map, const Resource& resource) {
  bool placed = !resource.addresses.empty() || !resource.sni.empty() || !resource.hosts.empty();
  if (!placed) {
    map.add(node, "opaque resource '" + resource.name + "' needs hosts, addresses or sni");
  }
  if (resource.ports.empty()) {
    map.add(node, "opaque resource '" + resource.name + "' needs ports");
  }
  for (std::string_view key : {"credential", "logins", "tls", "warm", "replication"}) {
    if (const Node* written = map.find(key)) {
      map.add(*written,
              std::string(key) + " means nothing for an opaque resource: it passes unread");
    }
  }
}

void load_resource(const Node& node, Loading& loading) {
  MapReader map(node, loading.findings, "resource");
  Resource resource;
  resource.name = load_name(map, loading, "resource");
  auto protocol = static_cast<std::size_t>(Protocol::kPostgres);
  map.require("protocol");
  map.word("protocol", kProtocols, protocol);
  resource.protocol = static_cast<Protocol>(protocol);
  resource.hosts = load_name_patterns(map, loading, "hosts");
  load_addresses(map, loading, resource);
  load_ports(map, loading, resource);
  load_sni(map, loading, resource);
  load_tls(map, loading, resource);
  load_credential(map.find("credential"), loading, resource.credential);
  if (const Node* hosts = map.find("hosts")) {
    config::read_list(*hosts, loading.findings, "hosts");
  }
  if (const Node* logins = map.find("logins"); logins && config::as_list(*logins).empty()) {
    map.add(*logins, "logins lists nothing: nobody could log in");
  }
  map.sequence("logins", [&](const Node& login) { load_login(login, loading, resource); });
  map.flag("observe", resource.observe);
  map.flag("replication", resource.replication);
  load_warm(map, loading, resource);
  if (resource.tls_name.empty() && !resource.hosts.empty() && resource.hosts[0][0] != '*') {
    resource.tls_name = resource.hosts[0];
  }
  bool opaque = resource.protocol == Protocol::kOpaque;
  opaque ? check_opaque(node, map, resource) : check_postgres(node, map, resource);
  map.finish();
  resource.index = static_cast<std::uint32_t>(loading.rules.resources.size());
  loading.rules.resources.push_back(std::move(resource));
}

bool same_place(const Resource& a, const Resource& b) {
  if (!a.sni.empty() || !b.sni.empty()) return false;
  auto has_port = [&](std::uint16_t port) {
    return std::find(b.ports.begin(), b.ports.end(), port) != b.ports.end();
  };
  if (std::none_of(a.ports.begin(), a.ports.end(), has_port)) return false;
  return std::any_of(a.addresses.begin(), a.addresses.end(), [&](const Cidr& range) {
    return std::any_of(b.addresses.begin(), b.addresses.end(), [&](const Cidr& other) {
      return range.prefix == other.prefix && range.address == other.address;
    });
  });
}

// Two resources at one place: which of them a connection meets would be chance.
void check_places(const Node& node, Loading& loading) {
  const auto& resources = loading.rules.resources;
  for (std::size_t i = 0; i < resources.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (resources[i].name == resources[j].name && !resources[i].name.empty()) {
        loading.findings.add(node.items[i].at,
                             "the resource '" + resources[i].name + "' is here twice");
      }
      if (same_place(resources[i], resources[j])) {
        loading.findings.add(node.items[i].at, "resources '" + resources[j].name + "' and '" +
                                                   resources[i].name +
                                                   "' have the same address and port");
      }
    }
  }
}

}  // namespace

void load_resources(const Node* node, Loading& loading) {
  if (!node || node->kind == Node::Kind::kNull) return;
  if (node->kind != Node::Kind::kSequence) {
    return loading.findings.add(node->at, "resources must be a list ('- name: ...')");
  }
  if (node->items.size() > kResourcesMax) {
    return loading.findings.add(node->at,
                                "more than " + std::to_string(kResourcesMax) + " resources");
  }
  for (const Node& item : node->items) load_resource(item, loading);
  check_places(*node, loading);
}

}  // namespace chaperone::policy
