#include "injector/server.h"

#include <httplib.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "collector/bounded_pool.h"
#include "injector/limits.h"

namespace chaperone::injector {

namespace {
constexpr std::size_t kMetricsThreads = 2;
}  // namespace

struct Server::State {
  State(const Config& the_config, TlsKey& key, Metrics& the_metrics, std::function<bool()> is_ready)
      : config(the_config),
        metrics(the_metrics),
        ready(std::move(is_ready)),
        tls([&key](SSL_CTX& context) {
          key.serve_in(context);
          return SSL_CTX_set_min_proto_version(&context, TLS1_2_VERSION) == 1;
        }) {}

  void serve(httplib::Server& server, std::size_t threads);
  void serve_reviews();
  void review(const std::string& name, const httplib::Request& from, httplib::Response& response);

  const Config& config;
  Metrics& metrics;
  std::function<bool()> ready;
  httplib::SSLServer tls;
  httplib::Server plain;
  std::thread plain_thread;
  int port = 0, metrics_port = 0;
  std::atomic<bool> stopping = false, ended = false;
};

void Server::State::serve(httplib::Server& server, std::size_t threads) {
  server.new_task_queue = [threads] { return bounded_pool(threads, kConnectionsWaitingMax); };
  server.set_payload_max_length(kReviewBytesMax);
  server.set_read_timeout(kReadTimeoutS);
  server.set_write_timeout(kWriteTimeoutS);
  server.set_keep_alive_timeout(kKeepAliveTimeoutS);
  server.set_keep_alive_max_count(kKeepAliveRequests);
  server.set_tcp_nodelay(true);
  server.Get("/healthz", [](const httplib::Request&, httplib::Response& response) {
    response.set_content("alive\n", "text/plain");
  });
  server.Get("/readyz", [this](const httplib::Request&, httplib::Response& response) {
    bool is_ready = !stopping && ready();
    response.status = is_ready ? 200 : 503;
    response.set_content(is_ready ? "ready\n" : "not ready\n", "text/plain");
  });
  server.Get("/metrics", [this](const httplib::Request&, httplib::Response& response) {
    response.set_content(metrics.text(), "text/plain; version=0.0.4");
  });
}

void Server::State::review(const std::string& name, const httplib::Request& from,
                           httplib::Response& response) {
  auto began = std::chrono::steady_clock::now();
  Answer answer = name == "mutate"     ? mutate(from.body, config)
                  : name == "validate" ? validate(from.body, config)
                                       : guard(from.body, config, name == "guard/enforced");
  response.status = answer.http_status;
  response.set_content(answer.body, answer.http_status == 200 ? "application/json" : "text/plain");
  std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  metrics.on_review(name, answer, took.count());
}

void Server::State::serve_reviews() {
  for (const std::string name : {"mutate", "validate", "guard/enforced", "guard/others"}) {
    tls.Post("/" + name, [this, name](const httplib::Request& from, httplib::Response& response) {
      review(name, from, response);
    });
  }
  tls.set_exception_handler(
      [](const httplib::Request&, httplib::Response& response, std::exception_ptr) {
        response.status = 500;
        response.set_content("the review could not be served\n", "text/plain");
      });
}

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}
Server::~Server() = default;
int Server::port() const { return state_->port; }
int Server::metrics_port() const { return state_->metrics_port; }

Result<std::unique_ptr<Server>> Server::open(const ServerOptions& options, const Config& config,
                                             TlsKey& key, Metrics& metrics,
                                             std::function<bool()> ready) {
  auto state = std::make_unique<State>(config, key, metrics, std::move(ready));
  if (!state->tls.is_valid()) return Error{"TLS could not be set up"};
  state->serve(state->tls, kThreads);
  state->serve(state->plain, kMetricsThreads);
  state->serve_reviews();
  auto bind = [&](httplib::Server& server, int wanted) {
    if (wanted == 0) return server.bind_to_any_port(options.host);
    return server.bind_to_port(options.host, wanted) ? wanted : -1;
  };
  state->port = bind(state->tls, options.port);
  state->metrics_port = bind(state->plain, options.metrics_port);
  if (state->port < 0 || state->metrics_port < 0) {
    return Error{"cannot listen on " + options.host + ", ports " + std::to_string(options.port) +
                 " and " + std::to_string(options.metrics_port) + "; is another process there?"};
  }
  return std::unique_ptr<Server>(new Server(std::move(state)));
}

bool Server::run() {
  state_->plain_thread = std::thread([this] { state_->plain.listen_after_bind(); });
  bool served = state_->tls.listen_after_bind();
  state_->ended = true;
  state_->plain.stop();
  state_->plain_thread.join();
  return served && state_->stopping;
}

// The library forgets a stop() that comes before it has begun to run.
void Server::stop() {
  state_->stopping = true;
  while (!(state_->tls.is_running() && state_->plain.is_running()) && !state_->ended)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  state_->tls.stop();
}

}  // namespace chaperone::injector
