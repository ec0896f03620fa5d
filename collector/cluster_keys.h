#pragma once
// Asks the API server for the keys with which it signs service-account tokens, and for the name
// that it gives itself in them (OpenID discovery). For one thread.

#include <string>

#include "collector/key_set.h"

namespace chaperone::collector {

struct ClusterPlace {
  std::string host;
  int port = 443;
  std::string ca_file, token_file;  // the token is read again for every request: it is rotated
};

// In a pod: from the environment and the service account's files. Error: not in a pod.
Result<ClusterPlace> cluster_of_pod();
// "https://host:port".
Result<ClusterPlace> cluster_at(const std::string& url, std::string ca_file, std::string token_file);

struct ClusterKeys {
  KeySet keys;
  std::string issuer;
};
Result<ClusterKeys> fetch_keys(const ClusterPlace& place);

}  // namespace chaperone::collector
