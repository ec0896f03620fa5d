#include "sidecar/probe/probe_list.h"

#include <catch2/catch.hpp>

#include "sidecar/probe/http_status.h"

using namespace chaperone::probe;

TEST_CASE("probes are read as a pod says them") {
  auto targets = parse_targets(R"([
    {"path": "/web/livenessProbe", "timeoutSeconds": 3, "httpGet": {"path": "/up?deep=1", "port": 8080,
      "httpHeaders": [{"name": "X-Who", "value": "kubelet"}, {"name": "host", "value": "shop.example"},
                      {"name": "Content-Length", "value": "7"}]}},
    {"path": "/web/readinessProbe", "httpGet": {"port": 8443, "scheme": "HTTPS"}},
    {"path": "/db/livenessProbe", "tcpSocket": {"port": 5432}},
    {"path": "/rpc/startupProbe", "grpc": {"port": 9000, "service": "shop"}}])");
  REQUIRE(targets.ok());
  REQUIRE(targets->size() == 4);
  const Target& web = (*targets)[0];
  CHECK(web.path == "/web/livenessProbe");
  CHECK(web.timeout_ms == 3000);
  CHECK(web.request.starts_with("GET /up?deep=1 HTTP/1.1\r\nHost: shop.example\r\n"));
  CHECK(web.request.ends_with("Connection: close\r\nX-Who: kubelet\r\n\r\n"));
  CHECK_FALSE(web.tls);
  CHECK((*targets)[1].tls);
  CHECK((*targets)[1].request.starts_with("GET / HTTP/1.1\r\nHost: 127.0.0.1:8443\r\n"));
  CHECK((*targets)[2].kind == Kind::kTcp);
  CHECK((*targets)[3].service == "shop");
  CHECK((*targets)[3].timeout_ms == 1000);
  CHECK(parse_targets("[]")->empty());
}

TEST_CASE("a probe leads nowhere but to the agent's own port") {
  for (const char* handler :
       {R"("httpGet": {"port": 80, "host": "169.254.169.254"})",
        R"("tcpSocket": {"port": 80, "host": "10.0.0.1"})", R"("tcpSocket": {"port": 19001})",
        R"("httpGet": {"port": 19090})", R"("httpGet": {"port": 0})",
        R"("httpGet": {"port": 70000})", R"("httpGet": {"port": "http"})", R"("httpGet": {})",
        R"("httpGet": {"port": 80, "path": "/ HTTP/1.1\r\nX: y"})",
        R"("httpGet": {"port": 80, "path": "/a b"})",
        R"("httpGet": {"port": 80, "httpHeaders": [{"name": "a\r\nb", "value": "c"}]})",
        R"("httpGet": {"port": 80, "httpHeaders": [{"name": "a", "value": "c\nd"}]})",
        R"("httpGet": {"port": 80, "httpHeaders": [{"name": "a: b", "value": "c"}]})",
        R"("grpc": {"port": 80, "service": "a\u0000b"})", R"("exec": {"command": ["x"]})"}) {
    INFO(handler);
    CHECK_FALSE(
        parse_targets(R"([{"path": "/web/livenessProbe", )" + std::string(handler) + "}]").ok());
  }
  for (const char* text : {"", "{}", "7", "[7]", "[{}]", "[[[[[[[[[[1]]]]]]]]]]",
                           R"([{"path": "x", "tcpSocket": {"port": 1}}])",
                           R"([{"path": "/x", "timeoutSeconds": 0, "tcpSocket": {"port": 1}}])"}) {
    INFO(text);
    CHECK_FALSE(parse_targets(text).ok());
  }
}

TEST_CASE("status lines") {
  CHECK(http_success("HTTP/1.1 200 OK\r\n") == true);
  CHECK(http_success("HTTP/1.0 302 Found\r\n") == true);
  CHECK(http_success("HTTP/1.1 399\r\n") == true);
  CHECK(http_success("HTTP/1.1 404 Not Found\r\n") == false);
  CHECK(http_success("HTTP/1.1 500 x\n") == false);
  CHECK(http_success("HTTP/1.1 2x0 x\n") == false);
  CHECK(http_success("SSH-2.0-OpenSSH\r\n") == false);
  CHECK(http_success("\n") == false);
  CHECK_FALSE(http_success("HTTP/1.1 200").has_value());
}
