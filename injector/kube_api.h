#pragma once
// The API server, as much of it as the injector needs: one request, one answer.

#include <memory>
#include <string>

#include "proto-parsers/base/result.h"

namespace chaperone::injector {

struct KubePlace {
  std::string host;  // name or address
  int port = 443;
  std::string ca_file, token_file;  // the token is read again for every request: it is rotated
};

// In a pod: from the environment and the service account's files. Error: not in a pod.
Result<KubePlace> place_in_pod();
// "https://host:port".
Result<KubePlace> place_of(const std::string& url, std::string ca_file, std::string token_file);

struct KubeAnswer {
  int status = 0;
  std::string body;
};

// RFC 7386.
inline constexpr const char* kMergePatch = "application/merge-patch+json";

class KubeApi {
 public:
  virtual ~KubeApi() = default;
  // `type` is the body's content type. Error: no answer at all; never holds the token.
  virtual Result<KubeAnswer> request(const std::string& method, const std::string& path,
                                     const std::string& body = "",
                                     const std::string& type = "application/json") = 0;
};

// One at a time; for one thread.
Result<std::unique_ptr<KubeApi>> open_kube_api(const KubePlace& place);

}  // namespace chaperone::injector
