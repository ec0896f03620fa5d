#pragma once
// The sidecar's own small HTTP/1.1 listener (RFC 9112), for probes and scrapers: GET and HEAD of a
// few fixed paths, no body, bounded in size, time and number. Nothing else is understood.

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "sidecar/net/loop.h"

namespace chaperone::admin {

struct HttpResponse {
  int status = 200;
  std::string type = "text/plain; charset=utf-8";
  std::string body;
};

// Once, on the loop, now or later. Harmless where the client has gone meanwhile.
using HttpReply = std::function<void(HttpResponse)>;
using HttpHandler = std::function<void(HttpReply)>;

class HttpServer {
 public:
  // `routes`: exact paths, without query ("/metrics"). `address`: "0.0.0.0:19090", "[::]:19090".
  // Error: names the address.
  static Result<std::unique_ptr<HttpServer>> open(net::Loop& loop, const std::string& address,
                                                  std::map<std::string, HttpHandler> routes);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  std::uint16_t port() const;

 private:
  struct Impl;
  HttpServer() = default;
  std::unique_ptr<Impl> impl_;
};

}  // namespace chaperone::admin
