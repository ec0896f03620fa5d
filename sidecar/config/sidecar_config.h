#pragma once
// The sidecar's own configuration: where things are and how much of them there may be. What an
// agent may do is not here but in the policy. docs/configuration.md lists every key.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "proto-parsers/base/limits.h"
#include "proto-parsers/base/result.h"
#include "proto-parsers/core/subject.h"

namespace chaperone::config {

struct Listen {
  std::uint16_t port = 19001;  // where the kernel's rules redirect to
  std::vector<std::string> addresses = {"127.0.0.1", "::1"};
  std::uint16_t inbound_port = 0;  // where declared ports are redirected to, of every address; 0: none
};

// The pod's resolver. Without servers there is none, and names cannot be resolved.
struct Dns {
  std::uint16_t port = 19053;        // where the kernel's rules redirect port 53 to
  std::vector<std::string> servers;  // IP addresses that are asked, those that the init step allows
};

struct SpoolPlace {
  std::string dir = "/var/lib/chaperone/spool";
  std::uint64_t size_bytes_max = 1024ull * 1024 * 1024;  // beyond it commands are denied
};

struct CollectorPlace {
  std::string url;         // https://host[:port]; empty: records stay in the spool
  std::string ca_file;     // PEM; what the collector's certificate must chain to
  std::string token_file;  // the writer's token
};

// Per connection where nothing else is said. Reasons: proto-parsers/base/limits.h.
struct Limits {
  std::size_t connections_max = 10000;  // of this sidecar; the next one is refused
  std::size_t statement_bytes_max = kStatementBytesMax;
  std::size_t bind_bytes_max = kBindBytesMax;
  std::size_t held_bytes_max = kHeldBytesMax;  // of all connections of one loop together
  std::size_t write_queue_bytes_max = kWriteQueueBytesMax;
  std::size_t pipeline_depth_max = kPipelineDepthMax;
  std::size_t prepared_statements_max = kPreparedStatementsMax;
};

struct Times {
  std::uint64_t login_ms = 10'000;  // from accept until the session is open
  std::uint64_t dial_ms = 5'000;    // until the upstream connection stands
  std::uint64_t idle_ms = 0;        // without a byte in either direction; 0: for ever
  std::uint64_t statement_ms = 0;   // from a command's bytes until its last reply; 0: for ever
  std::uint64_t drain_ms = 30'000;  // from SIGTERM until what still runs is cut
};

// Debian's, which the image has.
inline constexpr char kPublicRoots[] = "/etc/ssl/certs/ca-certificates.crt";

struct SidecarConfig {
  Listen listen;
  Dns dns;
  std::uint32_t workers = 1;  // loops, each with its own sessions
  std::string policy_file = "/etc/chaperone/policy.yaml";
  SpoolPlace spool;
  std::string key_dir = "/var/lib/chaperone/keys";  // the sidecar's signing key; mode 0700
  std::uint64_t key_age_max_ms = 30ull * 24 * 3600 * 1000;  // then the next one; 0: never
  std::string trust_dir = "/run/chaperone/trust";   // the pod's CA and bundle, for the agent
  // PEM, put before the pod's CA in the bundle; empty: none. The default need not be there.
  std::string public_roots = kPublicRoots;
  std::string admin_socket = "/run/chaperone/admin.sock";
  std::string metrics_address = "0.0.0.0:19090";  // host:port; empty: none
  std::string probe_address = "0.0.0.0:19021";  // where the kubelet asks for agents' probes
  std::string probes;  // CHAPERONE_PROBES, as the injector wrote it (sidecar/probe); empty: none
  std::string escape_counters_file;  // of `chaperone-init --counters`; empty: none
  CollectorPlace collector;
  Subject subject;
  Limits limits;
  Times times;
};

// How a variable of the environment is read; empty when it is not set.
using Environment = std::function<std::string(std::string_view name)>;
std::string process_environment(std::string_view name);

// The error holds every finding of the file, one per line. `file` names it in them. Files that the
// configuration names are not opened, except subject.labels_file.
Result<SidecarConfig> parse_sidecar_config(std::string_view text, const std::string& file,
                                           const Environment& environment);
Result<SidecarConfig> load_sidecar_config(const std::string& path,
                                          const Environment& environment = process_environment);

}  // namespace chaperone::config
