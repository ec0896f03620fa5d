#pragma once
// The API on a socket, over TLS. A fixed number of threads; a connection beyond them waits.

#include <memory>
#include <string>

#include "collector/api/api.h"
#include "proto-parsers/base/result.h"

namespace chaperone::collector {

struct ServerOptions {
  std::string host = "0.0.0.0";
  int port = 8443;                         // 0: any free one
  std::string certificate_file, key_file;  // PEM, the certificate with its chain
  std::size_t threads = kThreads;
};

class HttpServer {
 public:
  static Result<std::unique_ptr<HttpServer>> open(const ServerOptions& options, Api& api);
  ~HttpServer();
  int port() const { return port_; }
  // Serves until stop(), which any other thread may call, once; what is under way is finished.
  // False if serving ended by itself.
  bool run();
  void stop();

 private:
  struct State;
  explicit HttpServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
  int port_ = 0;
};

}  // namespace chaperone::collector
