#include "collector/http_server.h"

#include <httplib.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

#include "collector/bounded_pool.h"

namespace chaperone::collector {

namespace {
// The library's own reading takes what stands behind the last '=': "label=team=data" would be lost.
std::multimap<std::string, std::string> parse_query(std::string_view text) {
  std::multimap<std::string, std::string> query;
  while (!text.empty()) {
    std::string_view pair = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(pair.size() + 1, text.size()));
    if (pair.empty()) continue;
    std::string_view name = pair.substr(0, pair.find('='));
    std::string_view value = pair.substr(std::min(name.size() + 1, pair.size()));
    query.emplace(httplib::detail::decode_url(std::string(name), true),
                  httplib::detail::decode_url(std::string(value), true));
  }
  return query;
}

HttpRequest as_request(const httplib::Request& from) {
  HttpRequest request;
  request.method = from.method == "HEAD" ? "GET" : from.method;
  request.path = from.path;
  auto mark = from.target.find('?');
  if (mark != std::string::npos) request.query_text = from.target.substr(mark + 1);
  request.query = parse_query(request.query_text);
  request.address = from.remote_addr;
  request.header = [&from](const char* name) {
    // A header given twice counts as absent: nobody may guess which one was meant.
    return from.get_header_value_count(name) == 1 ? from.get_header_value(name) : std::string();
  };
  return request;
}

void answer(HttpReply reply, httplib::Response& response) {
  response.status = reply.status;
  for (const auto& [name, value] : reply.headers) response.set_header(name, value);
  if (!reply.stream) return response.set_content(reply.body, reply.type);
  auto pieces = reply.stream;
  auto provide = [pieces](std::size_t, httplib::DataSink& sink) {
    std::string piece;
    auto more = pieces(piece);
    if (!more) {
      std::fprintf(stderr, "chaperone-collector: export cut short: %s\n",
                   more.error().message.c_str());
      return false;
    }
    if (!piece.empty() && !sink.write(piece.data(), piece.size())) return false;
    if (!*more) sink.done();
    return true;
  };
  response.set_chunked_content_provider(reply.type, provide);
}

// Reads a body of at most `bytes_max`; what is longer is read and thrown away, so that the
// connection stays in step, and the library's own limit ends it.
bool read_body(const httplib::ContentReader& reader, std::size_t bytes_max, std::string& body) {
  bool fits = true;
  bool whole = reader([&](const char* data, std::size_t size) {
    fits = fits && body.size() + size <= bytes_max;
    if (fits) body.append(data, size);
    return true;
  });
  return whole && fits;
}
}  // namespace

struct HttpServer::State {
  State(Api& the_api, const ServerOptions& options)
      : api(the_api), server(options.certificate_file.c_str(), options.key_file.c_str()) {}
  void on_get(const httplib::Request& from, httplib::Response& response);
  void on_post(const httplib::Request& from, httplib::Response& response,
               const httplib::ContentReader& reader);
  void configure(std::size_t threads);
  Api& api;
  httplib::SSLServer server;
  std::atomic<bool> stopping = false, ended = false;
};

void HttpServer::State::on_get(const httplib::Request& from, httplib::Response& response) {
  HttpRequest request = as_request(from);
  auto admission = api.admit(request);
  answer(admission.route ? api.handle(*admission.route, request) : std::move(admission.refusal),
         response);
}

void HttpServer::State::on_post(const httplib::Request& from, httplib::Response& response,
                                const httplib::ContentReader& reader) {
  HttpRequest request = as_request(from);
  auto admission = api.admit(request);
  std::size_t bytes_max = admission.route ? admission.route->body_bytes_max : 0;
  bool whole = read_body(reader, bytes_max, request.body);
  if (!admission.route) return answer(std::move(admission.refusal), response);
  if (!whole)
    return answer(error_reply(413, "body", "the body is longer than this path takes"), response);
  answer(api.handle(*admission.route, request), response);
}

void HttpServer::State::configure(std::size_t threads) {
  server.new_task_queue = [threads] { return bounded_pool(threads, kConnectionsWaitingMax); };
  server.set_payload_max_length(kBatchBytesMax);
  server.set_read_timeout(kReadTimeoutS);
  server.set_write_timeout(kWriteTimeoutS);
  server.set_keep_alive_timeout(kKeepAliveTimeoutS);
  server.set_keep_alive_max_count(kKeepAliveRequests);
  server.set_tcp_nodelay(true);
  server.set_default_headers(
      {{"Cache-Control", "no-store"}, {"X-Content-Type-Options", "nosniff"}});
  // Before the library's own routing, which runs regular expressions over what a stranger sent.
  server.set_pre_routing_handler([this](const httplib::Request& from, httplib::Response& response) {
    if (from.method == "POST") return httplib::Server::HandlerResponse::Unhandled;
    on_get(from, response);
    return httplib::Server::HandlerResponse::Handled;
  });
  auto post = [this](const httplib::Request& from, httplib::Response& response,
                     const httplib::ContentReader& reader) { on_post(from, response, reader); };
  for (const Route& route : Api::routes()) {
    if (std::string_view(route.method) == "POST") server.Post(route.path, post);
  }
  server.set_exception_handler(
      [](const httplib::Request&, httplib::Response& response, std::exception_ptr) {
        answer(error_reply(500, "bug", "the request could not be served"), response);
      });
  server.set_error_handler([](const httplib::Request&, httplib::Response& response) {
    if (response.body.empty())
      answer(error_reply(response.status, "http", "the request was not served"), response);
  });
}

HttpServer::HttpServer(std::unique_ptr<State> state) : state_(std::move(state)) {}
HttpServer::~HttpServer() = default;

Result<std::unique_ptr<HttpServer>> HttpServer::open(const ServerOptions& options, Api& api) {
  auto state = std::make_unique<State>(api, options);
  if (!state->server.is_valid()) {
    return Error{"cannot use the certificate " + options.certificate_file + " with the key " +
                 options.key_file + "; both must be PEM, and belong together"};
  }
  SSL_CTX_set_min_proto_version(state->server.ssl_context(), TLS1_2_VERSION);
  state->configure(options.threads);
  int port = options.port;
  if (port == 0) {
    port = state->server.bind_to_any_port(options.host);
  } else if (!state->server.bind_to_port(options.host, port)) {
    port = -1;
  }
  if (port < 0) {
    return Error{"cannot listen on " + options.host + ":" + std::to_string(options.port) +
                 "; is another process there? choose a port with --listen"};
  }
  std::unique_ptr<HttpServer> server(new HttpServer(std::move(state)));
  server->port_ = port;
  return server;
}

bool HttpServer::run() {
  bool served = state_->server.listen_after_bind();
  state_->ended = true;
  return served && state_->stopping;
}

// The library forgets a stop() that comes before it has begun to run.
void HttpServer::stop() {
  state_->stopping = true;
  while (!state_->server.is_running() && !state_->ended)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  state_->server.stop();
}

}  // namespace chaperone::collector
