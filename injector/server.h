#pragma once
// /mutate, /validate and /guard/* over TLS; /healthz, /readyz and /metrics there and, without TLS,
// on a port of their own.

#include <functional>
#include <memory>
#include <string>

#include "injector/config.h"
#include "injector/metrics.h"
#include "injector/tls_key.h"
#include "proto-parsers/base/result.h"

namespace chaperone::injector {

struct ServerOptions {
  std::string host = "0.0.0.0";
  int port = 10250;        // TLS; 0: any free one
  int metrics_port = 9090; // plain; 0: any free one
};

class Server {
 public:
  // `ready` is asked from any thread. Config, key and metrics outlive the server.
  static Result<std::unique_ptr<Server>> open(const ServerOptions& options, const Config& config,
                                              TlsKey& key, Metrics& metrics,
                                              std::function<bool()> ready);
  ~Server();
  int port() const;
  int metrics_port() const;
  // Serves until stop(), which another thread calls once. False: serving ended by itself.
  bool run();
  void stop();

 private:
  struct State;
  explicit Server(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace chaperone::injector
