#include "collector/cluster_keys.h"

#include <httplib.h>
#include <rapidjson/document.h>

#include <charconv>
#include <cstdlib>

#include "collector/files.h"
#include "collector/limits.h"

namespace chaperone::collector {

namespace {
const std::string kFiles = "/var/run/secrets/kubernetes.io/serviceaccount/";

Result<std::string> get(httplib::SSLClient& client, const std::string& path,
                        const std::string& token) {
  std::string body;
  bool fits = true;
  auto answer = client.Get(path, {{"Authorization", "Bearer " + token}},
                           [&](const char* data, std::size_t size) {
                             fits = body.size() + size <= kKeySetBytesMax;
                             if (fits) body.append(data, size);
                             return fits;
                           });
  std::string asked = "the API server, asked for " + path + ", ";
  if (!answer)
    return Error{asked + (fits ? "does not answer: " + httplib::to_string(answer.error())
                               : std::string("says too much"))};
  if (answer->status != 200) return Error{asked + "says " + std::to_string(answer->status)};
  return body;
}
}  // namespace

Result<ClusterPlace> cluster_of_pod() {
  const char* host = std::getenv("KUBERNETES_SERVICE_HOST");
  const char* port = std::getenv("KUBERNETES_SERVICE_PORT");
  if (!host || !port)
    return Error{"--pod-tokens: not in a pod (KUBERNETES_SERVICE_HOST is not set); give --kube-api"};
  std::string name = host;
  bool bare_v6 = name.find(':') != std::string::npos;
  return cluster_at("https://" + (bare_v6 ? "[" + name + "]" : name) + ":" + port, kFiles + "ca.crt",
                    kFiles + "token");
}

Result<ClusterPlace> cluster_at(const std::string& url, std::string ca_file,
                                std::string token_file) {
  constexpr std::string_view kScheme = "https://";
  Error wrong{"--kube-api wants https://host:port, not " + url};
  ClusterPlace place{"", 443, std::move(ca_file), std::move(token_file)};
  std::string_view rest = url;
  auto colon = rest.rfind(':');
  if (!rest.starts_with(kScheme) || colon <= kScheme.size()) return wrong;
  std::string_view port = rest.substr(colon + 1), host = rest.substr(8, colon - 8);
  auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), place.port);
  if (error != std::errc() || end != port.data() + port.size()) return wrong;
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  place.host = host;
  return place;
}

Result<ClusterKeys> fetch_keys(const ClusterPlace& place) {
  auto token = read_file(place.token_file, kPodTokenBytesMax);
  if (!token) return token.error();
  while (!token->empty() && token->back() == '\n') token->pop_back();
  httplib::SSLClient client(place.host, place.port);
  client.set_ca_cert_path(place.ca_file.c_str());
  client.enable_server_certificate_verification(true);
  client.set_connection_timeout(kClusterTimeoutS);
  client.set_read_timeout(kClusterTimeoutS);
  client.set_write_timeout(kClusterTimeoutS);
  auto discovery = get(client, "/.well-known/openid-configuration", *token);
  if (!discovery) return discovery.error();
  // Where the document says that keys are may be another host's; the API server has them too.
  auto keys = get(client, "/openid/v1/jwks", *token);
  if (!keys) return keys.error();
  auto set = KeySet::parse(*keys);
  if (!set) return Error{"the API server's key set: " + set.error().message};
  rapidjson::Document json;
  json.Parse<rapidjson::kParseIterativeFlag>(discovery->data(), discovery->size());
  bool named = !json.HasParseError() && json.IsObject() && json.HasMember("issuer") &&
               json["issuer"].IsString();
  if (!named) return Error{"the API server does not say which issuer it is"};
  return ClusterKeys{std::move(*set), json["issuer"].GetString()};
}

}  // namespace chaperone::collector
