#pragma once
// What the sidecar opens before anything else.

#include <memory>
#include <string_view>

#include "sidecar/config/sidecar_config.h"
#include "sidecar/net/listener.h"
#include "sidecar/net/tls.h"
#include "sidecar/session/worker.h"
#include "sidecar/spool/spool.h"

namespace chaperone {

// The pod's CA, and the files by which its agents trust it. Error: names the file.
Result<std::unique_ptr<net::TlsServer>> open_trust(const config::SidecarConfig& config);

// Error: names the file. `build` goes into the first record.
Result<std::unique_ptr<spool::Spool>> open_spool(const config::SidecarConfig& config,
                                                 std::string_view build);

// Connections from outside to the pod's declared ports; null where none are open.
Result<std::unique_ptr<net::Listener>> open_inbound(session::Worker& worker,
                                                    const config::SidecarConfig& config,
                                                    net::ListenerOptions options);

}  // namespace chaperone
