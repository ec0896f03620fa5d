#include "injector/server.h"

#include <catch2/catch.hpp>
#include <httplib.h>
#include <openssl/ssl.h>

#include <thread>

#include "injector/certificates.h"
#include "injector/limits.h"
#include "tests/unit/injector/apply_patch.h"

namespace chaperone::injector {

namespace {
struct Running {
  Running() : config(test_config()) {
    auto pair = make_pair({"127.0.0.1"}, std::time(nullptr), 3600);
    authority = pair->authority;
    REQUIRE(key.load(pair->certificate, pair->key).ok());
    auto opened = Server::open({"127.0.0.1", 0, 0}, config, key, metrics, [this] { return ready.load(); });
    REQUIRE(opened.ok());
    server = std::move(opened).value();
    thread = std::thread([this] { server->run(); });
  }
  ~Running() {
    server->stop();
    thread.join();
  }
  std::unique_ptr<httplib::SSLClient> client() {
    auto made = std::make_unique<httplib::SSLClient>("127.0.0.1", server->port());
    BIO* text = BIO_new_mem_buf(authority.data(), static_cast<int>(authority.size()));
    X509_STORE* store = X509_STORE_new();
    X509* certificate = PEM_read_bio_X509(text, nullptr, nullptr, nullptr);
    X509_STORE_add_cert(store, certificate);
    X509_free(certificate);
    BIO_free(text);
    made->set_ca_cert_store(store);
    return made;
  }
  Config config;
  TlsKey key;
  Metrics metrics;
  std::string authority;
  std::atomic<bool> ready = true;
  std::unique_ptr<Server> server;
  std::thread thread;
};

constexpr const char* kReview = R"({"apiVersion": "admission.k8s.io/v1", "request": {"uid": "1",
  "operation": "CREATE", "namespace": "agents", "kind": {"kind": "Pod"},
  "object": {"spec": {"containers": [{"name": "a"}]}}}})";
}  // namespace

TEST_CASE("reviews over TLS, health and metrics beside") {
  Running running;
  auto client = running.client();
  auto answer = client->Post("/mutate", kReview, "application/json");
  REQUIRE(answer);
  CHECK(answer->status == 200);
  CHECK(answer->body.find("JSONPatch") != std::string::npos);
  CHECK(answer->get_header_value("Connection") == "close");
  CHECK(client->Post("/mutate", "{", "application/json")->status == 400);
  CHECK(client->Post("/other", "{", "application/json")->status == 404);
  CHECK(client->Get("/readyz")->status == 200);
  running.ready = false;
  CHECK(client->Get("/readyz")->status == 503);
  httplib::Client plain("127.0.0.1", running.server->metrics_port());
  auto metrics = plain.Get("/metrics");
  REQUIRE(metrics);
  CHECK(metrics->body.find(
            R"(chaperone_injector_reviews_total{outcome="patched",webhook="mutate"} 1)") !=
        std::string::npos);
  CHECK(plain.Post("/mutate", kReview, "application/json")->status == 404);
}

TEST_CASE("a review that is too long is refused") {
  Running running;
  auto answer = running.client()->Post("/mutate", std::string(kReviewBytesMax + 1, ' '),
                                       "application/json");
  CHECK((!answer || answer->status == 413));
  CHECK(running.client()->Get("/healthz")->status == 200);
}

TEST_CASE("a certificate is exchanged while serving") {
  Running running;
  CHECK(running.client()->Get("/healthz"));
  auto next = make_pair({"127.0.0.1"}, std::time(nullptr), 3600);
  REQUIRE(running.key.load(next->certificate, next->key).ok());
  CHECK_FALSE(running.client()->Get("/healthz"));  // which trusts the old authority alone
  running.authority = next->authority;
  CHECK(running.client()->Get("/healthz"));
  CHECK_FALSE(running.key.load(next->certificate, "junk").ok());
  CHECK(running.client()->Get("/healthz"));
}

}  // namespace chaperone::injector
