#include "sidecar/config/sidecar_config.h"

#include <arpa/inet.h>

#include <charconv>
#include <set>

#include "sidecar/config/limits.h"
#include "sidecar/config/map_reader.h"
#include "sidecar/config/subject_reader.h"

namespace chaperone::config {
namespace {

constexpr std::uint64_t kDayMs = 24ull * 3600 * 1000;
constexpr std::uint64_t kKiB = 1024, kMiB = 1024 * kKiB, kGiB = 1024 * kMiB;

bool is_address(const std::string& text) {
  in6_addr parsed{};
  return inet_pton(AF_INET, text.c_str(), &parsed) == 1 ||
         inet_pton(AF_INET6, text.c_str(), &parsed) == 1;
}

// "127.0.0.1:19090" or "[::1]:19090".
bool is_host_port(std::string_view text) {
  std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return false;
  std::string_view host = text.substr(0, colon), port = text.substr(colon + 1);
  unsigned value = 0;
  auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), value);
  if (error != std::errc{} || end != port.data() + port.size() || value > 65535) return false;
  bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  return is_address(std::string(bracketed ? host.substr(1, host.size() - 2) : host)) &&
         bracketed == (host.find(':') != std::string_view::npos);
}

void path(MapReader& map, Findings& findings, std::string_view key, std::string& out) {
  const Node* node = map.find(key);
  if (!map.text(key, out)) return;
  if (out.empty() || out.front() != '/') {
    findings.add(node->at, std::string(key) + " is " + quote(out) + ": must be an absolute path");
  }
}

// A file, or none by "".
void read_public_roots(MapReader& map, Findings& findings, std::string& file) {
  const Node* node = map.find("public_roots");
  if (!map.text("public_roots", file) || file.empty() || file.front() == '/') return;
  findings.add(node->at,
               "public_roots is " + quote(file) + ": must be an absolute path, or \"\" for none");
}

void check_addresses(MapReader& map, Findings& findings, std::string_view key,
                     const std::vector<std::string>& addresses) {
  for (const std::string& address : addresses) {
    if (!is_address(address)) findings.add(map.find(key)->at, quote(address) + " is no IP address");
  }
}

void check_listed(const Node& node, Findings& findings) {
  std::set<std::string_view> seen;
  const std::vector<Node> addresses = as_list(node);
  if (addresses.empty()) findings.add(node.at, "addresses lists nothing: nothing would listen");
  for (const Node& address : addresses) {
    if (!seen.insert(address.text).second) {
      findings.add(address.at, "addresses lists " + quote(address.text) + " twice");
    }
  }
}

// The port behind the last colon; 0 where there is none.
std::uint16_t port_of(std::string_view address) {
  std::uint16_t port = 0;
  const char* last = address.data() + address.size();
  std::from_chars(address.data() + address.rfind(':') + 1, last, port);
  return port;
}

// Whatever their addresses: the kernel's rules know these listeners by their ports alone.
void check_ports(const Node& root, Findings& findings, const SidecarConfig& config) {
  struct Listener {
    std::string_view name, section, key;
    std::uint16_t port;
  };
  const Listener listeners[] = {
      {"listen.port", "listen", "port", config.listen.port},
      {"dns.port", "dns", "port", config.dns.port},
      {"the port of metrics_address", "metrics_address", "", port_of(config.metrics_address)},
      {"the port of probe_address", "probe_address", "", port_of(config.probe_address)},
  };
  for (const Listener& one : listeners) {
    for (const Listener& other : listeners) {
      if (&other == &one) break;
      if (one.port == 0 || one.port != other.port) continue;
      // The default of one may clash with what was written for the other: that is where to look.
      const Listener& written = root.find(one.section) ? one : other;
      const Node* section = root.find(written.section);
      const Node* place = section ? section->find(written.key) : &root;
      findings.add(place ? place->at : section->at,
                   std::string(one.name) + " is " + std::string(other.name) +
                       " too: each listener needs its own port");
    }
  }
}

void read_dns(const Node* node, Findings& findings, Dns& dns) {
  if (!node) return;
  MapReader map(*node, findings, "dns");
  map.number("port", dns.port, 1, 65535);
  if (map.texts("servers", dns.servers)) check_addresses(map, findings, "servers", dns.servers);
  map.finish();
}

void read_listen(const Node* node, Findings& findings, Listen& listen) {
  if (!node) return;
  MapReader map(*node, findings, "listen");
  map.number("port", listen.port, 1, 65535);
  map.number("inbound_port", listen.inbound_port, 0, 65535);
  if (map.texts("addresses", listen.addresses)) {
    check_addresses(map, findings, "addresses", listen.addresses);
    check_listed(*map.find("addresses"), findings);
  }
  map.finish();
}

void read_spool(const Node* node, Findings& findings, SpoolPlace& spool) {
  if (!node) return;
  MapReader map(*node, findings, "spool");
  path(map, findings, "dir", spool.dir);
  map.size_bytes("size_max", spool.size_bytes_max, kSpoolBytesMin, 1024 * kGiB);
  map.finish();
}

void read_collector(const Node* node, Findings& findings, CollectorPlace& collector) {
  if (!node) return;
  MapReader map(*node, findings, "collector");
  if (map.text("url", collector.url) && collector.url.rfind("https://", 0) != 0) {
    findings.add(map.find("url")->at,
                 "url is " + quote(collector.url) + ": must begin with https://");
  }
  path(map, findings, "ca_file", collector.ca_file);
  path(map, findings, "token_file", collector.token_file);
  bool all = !collector.url.empty() && !collector.ca_file.empty() && !collector.token_file.empty();
  if (!all) findings.add(node->at, "collector needs url, ca_file and token_file");
  map.finish();
}

void read_limits(const Node* node, Findings& findings, Limits& limits) {
  if (!node) return;
  MapReader map(*node, findings, "limits");
  map.number("connections_max", limits.connections_max, 1, 1'000'000);
  map.size_bytes("statement_bytes_max", limits.statement_bytes_max, kKiB, kStatementBytesMax);
  map.size_bytes("bind_bytes_max", limits.bind_bytes_max, kKiB, kBindBytesMax);
  map.size_bytes("held_bytes_max", limits.held_bytes_max, 64 * kKiB, 1024 * kGiB);
  map.size_bytes("write_queue_bytes_max", limits.write_queue_bytes_max, 16 * kKiB, 64 * kMiB);
  map.number("pipeline_depth_max", limits.pipeline_depth_max, 1, kPipelineDepthMax);
  map.number("prepared_statements_max", limits.prepared_statements_max, 1, kPreparedStatementsMax);
  map.finish();
}

void read_times(const Node* node, Findings& findings, Times& times) {
  if (!node) return;
  MapReader map(*node, findings, "times");
  map.duration_ms("login", times.login_ms, 100, kDayMs);
  map.duration_ms("dial", times.dial_ms, 100, kDayMs);
  map.duration_ms("idle", times.idle_ms, 0, 30 * kDayMs);
  map.duration_ms("statement", times.statement_ms, 0, 30 * kDayMs);
  map.duration_ms("drain", times.drain_ms, 0, kDayMs);
  map.finish();
}

void read_host_port(MapReader& map, Findings& findings, std::string_view key,
                    std::string& address) {
  const Node* node = map.find(key);
  if (!map.text(key, address) || address.empty()) return;
  if (!is_host_port(address)) {
    findings.add(node->at, std::string(key) + " is " + quote(address) +
                               ": write an IP address and a port, 0.0.0.0:19090 or [::]:19090");
  }
}

// Each change is an enrolment at the collector and stays in the proof for ever.
void read_key_age(MapReader& map, Findings& findings, std::uint64_t& age_ms) {
  constexpr std::uint64_t kHourMs = 3600 * 1000;
  if (!map.duration_ms("key_age_max", age_ms, 0, 3650 * kDayMs)) return;
  if (age_ms == 0 || age_ms >= kHourMs) return;
  findings.add(map.find("key_age_max")->at,
               "key_age_max is below an hour: write 0s for never, "
               "or 1h at the least");
}

void read_config(const Node& root, Findings& findings, const Environment& environment,
                 SidecarConfig& config) {
  MapReader map(root, findings, "the configuration");
  std::int64_t version = 1;
  if (map.require("version")) map.integer("version", version, 1, 1);
  read_listen(map.find("listen"), findings, config.listen);
  read_dns(map.find("dns"), findings, config.dns);
  map.number("workers", config.workers, 1, 256);
  path(map, findings, "policy_file", config.policy_file);
  read_spool(map.find("spool"), findings, config.spool);
  path(map, findings, "key_dir", config.key_dir);
  read_key_age(map, findings, config.key_age_max_ms);
  path(map, findings, "trust_dir", config.trust_dir);
  read_public_roots(map, findings, config.public_roots);
  path(map, findings, "admin_socket", config.admin_socket);
  read_host_port(map, findings, "metrics_address", config.metrics_address);
  read_host_port(map, findings, "probe_address", config.probe_address);
  config.probes = environment("CHAPERONE_PROBES");
  path(map, findings, "escape_counters_file", config.escape_counters_file);
  read_collector(map.find("collector"), findings, config.collector);
  read_subject(map.find("subject"), findings, environment, config.subject);
  read_limits(map.find("limits"), findings, config.limits);
  read_times(map.find("times"), findings, config.times);
  map.finish();
  if (findings.empty()) check_ports(root, findings, config);
}

}  // namespace

Result<SidecarConfig> parse_sidecar_config(std::string_view text, const std::string& file,
                                           const Environment& environment) {
  Findings findings(file);
  SidecarConfig config;
  auto root = parse_yaml(text, findings);
  if (root) read_config(*root, findings, environment, config);
  if (!findings.empty()) return findings.to_error();
  return config;
}

Result<SidecarConfig> load_sidecar_config(const std::string& path, const Environment& environment) {
  auto text = read_file(path, kYamlBytesMax);
  if (!text) return text.error();
  return parse_sidecar_config(*text, path, environment);
}

}  // namespace chaperone::config
