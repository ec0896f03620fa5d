#pragma once
// One probe of an agent's container, made on loopback (resource). Destroyed before it has answered
// it gives up and is silent.

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "sidecar/net/dialer.h"
#include "sidecar/net/tls.h"
#include "sidecar/probe/grpc_health.h"
#include "sidecar/probe/probe_list.h"

namespace chaperone::probe {

class Probe final : net::StreamObserver, net::Swept {
 public:
  // Once, from the loop: whether the kubelet would call it a success. It may destroy this.
  using OnDone = std::function<void(bool)>;

  // `target` and `tls` (of no verification) outlive it.
  Probe(net::Loop& loop, const Target& target, net::TlsClient& tls, OnDone on_done);

 private:
  void dialled(Result<net::StreamPtr> stream);
  void ask();
  void on_bytes(Bytes bytes) override;
  void on_end() override { done(false); }
  void on_secure() override { ask(); }
  void on_closed(const Error*) override { done(false); }
  void on_sweep(std::uint64_t now_ms) override;
  void done(bool good);

  const Target& target_;
  net::TlsClient& tls_;
  OnDone on_done_;
  std::unique_ptr<net::Dialer> dialer_;
  net::StreamPtr stream_;
  std::string answer_;
  GrpcAnswer grpc_;
  std::size_t read_bytes_ = 0;
  std::uint64_t deadline_ms_;
};

}  // namespace chaperone::probe
