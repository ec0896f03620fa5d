#include "injector/kube_api.h"

#include <httplib.h>

#include <charconv>
#include <cstdlib>
#include <fstream>

#include "injector/limits.h"

namespace chaperone::injector {

namespace {
constexpr const char* kFiles = "/var/run/secrets/kubernetes.io/serviceaccount/";

Result<std::string> first_line(const std::string& path) {
  std::ifstream in(path);
  std::string line;
  if (!std::getline(in, line) || line.empty()) return Error{"cannot read a token from " + path};
  return line;
}

class HttpsApi : public KubeApi {
 public:
  explicit HttpsApi(const KubePlace& place) : place_(place), client_(place.host, place.port) {
    client_.set_ca_cert_path(place.ca_file.c_str());
    client_.enable_server_certificate_verification(true);
    client_.set_keep_alive(true);
    client_.set_connection_timeout(kKubeTimeoutS);
    client_.set_read_timeout(kKubeTimeoutS);
    client_.set_write_timeout(kKubeTimeoutS);
  }

  Result<KubeAnswer> request(const std::string& method, const std::string& path,
                             const std::string& body, const std::string& type) override {
    auto token = first_line(place_.token_file);
    if (!token) return token.error();
    httplib::Request request;
    request.method = method;
    request.path = path;
    request.headers = {{"Authorization", "Bearer " + *token}, {"Accept", "application/json"}};
    request.body = body;
    if (!body.empty()) request.headers.emplace("Content-Type", type);
    KubeAnswer answer;
    bool fits = true;
    request.content_receiver = [&](const char* data, std::size_t size, std::uint64_t,
                                   std::uint64_t) {
      fits = answer.body.size() + size <= kKubeAnswerBytesMax;
      if (fits) answer.body.append(data, size);
      return fits;
    };
    auto result = client_.send(request);
    if (!result) {
      return Error{"the API server at " + place_.host + ":" + std::to_string(place_.port) +
                   " did not answer " + method + " " + path + ": " +
                   (fits ? httplib::to_string(result.error()) : "the answer is too long")};
    }
    answer.status = result->status;
    return answer;
  }

 private:
  KubePlace place_;
  httplib::SSLClient client_;
};
}  // namespace

Result<KubePlace> place_in_pod() {
  const char* host = std::getenv("KUBERNETES_SERVICE_HOST");
  const char* port = std::getenv("KUBERNETES_SERVICE_PORT");
  if (!host || !port) {
    return Error{"not in a pod (KUBERNETES_SERVICE_HOST is not set); give --kube-api, or "
                 "--certificate and --key"};
  }
  std::string name = host;
  bool bare_v6 = name.find(':') != std::string::npos;
  return place_of("https://" + (bare_v6 ? "[" + name + "]" : name) + ":" + port,
                  std::string(kFiles) + "ca.crt", std::string(kFiles) + "token");
}

Result<KubePlace> place_of(const std::string& url, std::string ca_file, std::string token_file) {
  constexpr std::string_view kScheme = "https://";
  KubePlace place{"", 443, std::move(ca_file), std::move(token_file)};
  std::string_view rest = url;
  std::size_t colon = rest.rfind(':');
  if (!rest.starts_with(kScheme) || colon <= kScheme.size())
    return Error{"--kube-api wants https://host:port, not " + url};
  std::string_view port = rest.substr(colon + 1), host = rest.substr(8, colon - 8);
  auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), place.port);
  if (error != std::errc() || end != port.data() + port.size())
    return Error{"--kube-api wants https://host:port, not " + url};
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  place.host = host;
  return place;
}

Result<std::unique_ptr<KubeApi>> open_kube_api(const KubePlace& place) {
  if (!std::ifstream(place.ca_file)) return Error{"cannot read the API server's CA, " + place.ca_file};
  return std::unique_ptr<KubeApi>(std::make_unique<HttpsApi>(place));
}

}  // namespace chaperone::injector
