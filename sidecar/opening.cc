#include "sidecar/opening.h"

#include <filesystem>

#include "proto-parsers/base/check.h"
#include "sidecar/config/limits.h"
#include "sidecar/session/acceptor.h"
#include "sidecar/session/trail.h"
#include "sidecar/spool/limits.h"

namespace chaperone {

Result<std::unique_ptr<net::TlsServer>> open_trust(const config::SidecarConfig& config) {
  net::TlsServerOptions options;
  options.key_dir = config.key_dir;
  options.trust_dir = config.trust_dir;
  options.pod_namespace = config.subject.pod_namespace;
  std::error_code ignored;
  const bool is_default = config.public_roots == config::kPublicRoots;
  if (!is_default || std::filesystem::exists(config.public_roots, ignored))
    options.public_roots = config.public_roots;
  return net::TlsServer::open(options);
}

Result<std::unique_ptr<spool::Spool>> open_spool(const config::SidecarConfig& config,
                                                 std::string_view build) {
  audit::EncodedPart who;
  audit::encode(audit::Who{&config.subject, std::nullopt}, who);
  spool::SpoolOptions options;
  // What the configuration admits, the spool takes.
  CHECK(config::kSpoolBytesMin == spool::kSegmentsMin * options.segment_bytes);
  options.dir = config.spool.dir;
  options.key_dir = config.key_dir;
  options.build = build;
  options.bytes_max = config.spool.size_bytes_max;
  options.wall_ns = session::wall_now_ns();
  options.mono_ns = session::mono_now_ns();
  return spool::Spool::open(options, who);
}

Result<std::unique_ptr<net::Listener>> open_inbound(session::Worker& worker,
                                                    const config::SidecarConfig& config,
                                                    net::ListenerOptions options) {
  if (config.listen.inbound_port == 0) return std::unique_ptr<net::Listener>();
  return net::Listener::open(worker.loop, {"0.0.0.0", "::"}, config.listen.inbound_port,
                             std::move(options), [&worker](net::StreamPtr stream) {
                               session::accept_inbound(worker, std::move(stream));
                             });
}

}  // namespace chaperone
