#include "sidecar/admin/http_server.h"

#include <charconv>
#include <unordered_map>

#include "sidecar/admin/http_request.h"
#include "sidecar/admin/limits.h"
#include "sidecar/net/listener.h"
#include "sidecar/net/socket_owner.h"

namespace chaperone::admin {

namespace {

constexpr char kPlain[] = "text/plain; charset=utf-8";

const char* phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 431:
      return "Request Header Fields Too Large";
    case 503:
      return "Service Unavailable";
    default:
      return "See Body";
  }
}

// "0.0.0.0:19090", "[::]:19090"
Result<net::Address> parse_address(const std::string& text) {
  std::size_t colon = text.rfind(':');
  std::uint16_t port = 0;
  const char* end = text.data() + text.size();
  bool good = colon != std::string::npos;
  if (good) {
    auto [after, error] = std::from_chars(text.data() + colon + 1, end, port);
    good = error == std::errc() && after == end;
  }
  std::string ip = text.substr(0, good ? colon : 0);
  if (ip.size() > 2 && ip.front() == '[' && ip.back() == ']') ip = ip.substr(1, ip.size() - 2);
  Result<net::Address> address = net::Address::parse(ip, port);
  if (good && address.ok()) return address;
  return Error{"'" + text + "' is not an IP address and port; write it like 0.0.0.0:19090"};
}

// One client: requests one after the other, each answered before the next is read.
class Connection final : public net::StreamObserver, public net::Swept {
 public:
  using OnGone = std::function<void(Connection*)>;
  using Routes = std::map<std::string, HttpHandler>;

  Connection(net::StreamPtr stream, bool from_inside, const Routes& routes, OnGone on_gone)
      : Swept(stream->loop()),
        inside(from_inside),
        stream_(std::move(stream)),
        routes_(routes),
        on_gone_(std::move(on_gone)) {
    extend();
  }

  void start(const std::shared_ptr<Connection>& self) {
    self_ = self;
    stream_->observe(this);
  }

  const bool inside;  // the client lives in this pod

 private:
  void on_bytes(Bytes bytes) override {
    request_.append(as_text(bytes));
    look();
  }
  void on_end() override { stream_->close(); }
  void on_closed(const Error*) override {
    auto keep = self_.lock();
    on_gone_(this);
  }
  void on_sweep(std::uint64_t now_ms) override {
    if (now_ms >= deadline_ms_) stream_->close();
  }

  void extend() { deadline_ms_ = stream_->loop().now_ms() + kRequestMs; }
  void look();
  void serve(const HttpRequest& request);
  void refuse(int status);
  void answer(const HttpResponse& response);

  net::StreamPtr stream_;
  const Routes& routes_;
  OnGone on_gone_;
  std::weak_ptr<Connection> self_;
  std::string request_;
  std::uint64_t deadline_ms_ = 0;
  bool answering_ = false, keeps_ = false, without_body_ = false;
};

void Connection::look() {
  if (answering_ || stream_->closing()) return;
  std::size_t end = request_.find("\r\n\r\n");
  if (end > kHttpRequestBytesMax && request_.size() > kHttpRequestBytesMax) return refuse(431);
  if (end == std::string::npos) return;
  std::string head = request_.substr(0, end);
  request_.erase(0, end + 4);
  serve(parse_http_request(head));
}

void Connection::serve(const HttpRequest& request) {
  if (!request.valid || request.has_body) return refuse(400);
  if (request.method != "GET" && request.method != "HEAD") return refuse(405);
  without_body_ = request.method == "HEAD";
  keeps_ = request.keeps;
  auto route = routes_.find(std::string(request.path));
  if (route == routes_.end()) return answer({404, kPlain, "not here\n"});
  answering_ = true;
  stream_->pause();
  // The answer may come from inside the handler, or after this client has gone.
  route->second([self = self_](HttpResponse response) {
    if (auto alive = self.lock()) alive->answer(response);
  });
}

void Connection::refuse(int status) {
  keeps_ = false;
  answer({status, kPlain, std::string(phrase(status)) + "\n"});
}

void Connection::answer(const HttpResponse& response) {
  std::string text = "HTTP/1.1 " + std::to_string(response.status) + ' ' + phrase(response.status) +
                     "\r\nContent-Type: " + response.type +
                     "\r\nContent-Length: " + std::to_string(response.body.size()) +
                     (keeps_ ? "\r\n\r\n" : "\r\nConnection: close\r\n\r\n");
  if (!without_body_) text += response.body;
  stream_->write(as_bytes(text));
  if (!keeps_) return stream_->close_after_flush();
  answering_ = false;
  extend();
  stream_->resume();
  // A further request that is already here is looked at after this call has returned.
  if (request_.empty()) return;
  stream_->loop().soon([self = self_] {
    if (auto alive = self.lock()) alive->look();
  });
}

}  // namespace

struct HttpServer::Impl {
  std::map<std::string, HttpHandler> routes;
  std::unordered_map<Connection*, std::shared_ptr<Connection>> connections;
  std::unique_ptr<net::Listener> listener;

  net::SocketOwners owners;
  std::size_t inside = 0;

  void accept(net::StreamPtr stream) {
    // A peer whose socket this network namespace knows is of this pod, whatever its address.
    const bool from_inside = owners.uid_of(stream->peer(), stream->local()).has_value();
    if (from_inside && inside >= kHttpInsideMax) return stream->reset();
    inside += from_inside ? 1 : 0;
    auto connection =
        std::make_shared<Connection>(std::move(stream), from_inside, routes, [this](Connection* gone) {
          inside -= gone->inside ? 1 : 0;
          connections.erase(gone);
        });
    connections[connection.get()] = connection;
    connection->start(connection);
  }
};

Result<std::unique_ptr<HttpServer>> HttpServer::open(net::Loop& loop, const std::string& address,
                                                     std::map<std::string, HttpHandler> routes) {
  Result<net::Address> where = parse_address(address);
  if (!where.ok()) return where.error();
  std::unique_ptr<HttpServer> server(new HttpServer);
  server->impl_ = std::make_unique<Impl>();
  Impl* impl = server->impl_.get();
  impl->routes = std::move(routes);
  net::ListenerOptions options;
  options.has_room = [impl] { return impl->connections.size() < kHttpConnectionsMax; };
  auto opened =
      net::Listener::open(loop, {where->ip()}, where->port(), std::move(options),
                          [impl](net::StreamPtr stream) { impl->accept(std::move(stream)); });
  if (!opened.ok()) return opened.error();
  impl->listener = std::move(opened).value();
  return server;
}

HttpServer::~HttpServer() = default;

std::uint16_t HttpServer::port() const { return impl_->listener->port(); }

}  // namespace chaperone::admin
