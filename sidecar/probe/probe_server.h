#pragma once
// The port at which the kubelet asks for the probes of the agent's containers, since nothing from
// outside reaches theirs. It answers 200 or 503, and never a byte of what the container said: from
// outside the pod there is no more to learn than whether a declared probe succeeds.

#include <memory>
#include <string>
#include <string_view>

#include "sidecar/net/loop.h"

namespace chaperone::probe {

class ProbeServer {
 public:
  // `list`: CHAPERONE_PROBES; empty: nothing listens, and the result is null. Error: names the
  // probe or the address.
  static Result<std::unique_ptr<ProbeServer>> open(net::Loop& loop, const std::string& address,
                                                   std::string_view list);
  ~ProbeServer();
  ProbeServer(const ProbeServer&) = delete;
  ProbeServer& operator=(const ProbeServer&) = delete;

  std::uint16_t port() const;

 private:
  struct Impl;
  ProbeServer() = default;
  std::unique_ptr<Impl> impl_;
};

}  // namespace chaperone::probe
