#include "sidecar/net/trust_files.h"

#include <chrono>

#include "sidecar/env/file.h"
#include "sidecar/net/java_trust.h"
#include "sidecar/net/limits.h"
#include "sidecar/net/tls.h"

namespace chaperone::net {

namespace {

constexpr mode_t kForAll = 0644;
// Clients in the cluster want some token; the API server knows none such.
constexpr char kNoToken[] = "chaperone-keeps-the-token-from-the-agent";

Result<std::string> public_roots(const std::string& path) {
  if (path.empty()) return std::string();
  Result<std::string> roots = env::read_file(path, kPemBytesMax);
  if (roots.ok() && !roots->empty() && roots->back() != '\n') *roots += '\n';
  return roots;
}

}  // namespace

Result<void> write_trust_files(const TlsServerOptions& options, const std::string& ca_pem) {
  Result<std::string> roots = public_roots(options.public_roots);
  if (!roots.ok()) return roots.error();
  // Ours first: some clients (native-tls, so sqlx) read no more than one certificate of a file.
  const std::string bundle = ca_pem + *roots, account = options.trust_dir + "/serviceaccount";
  auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
  auto now_ms = std::chrono::duration_cast<std::chrono::milliseconds>(since_1970).count();
  const std::pair<std::string, std::string> files[] = {
      {options.trust_dir + "/ca.pem", ca_pem},
      {options.trust_dir + "/bundle.pem", bundle},
      {options.trust_dir + "/trust.jks",
       java_trust_store(bundle, static_cast<std::uint64_t>(now_ms))},
      {account + "/token", kNoToken},
      {account + "/ca.crt", bundle},
      {account + "/namespace", options.pod_namespace},
  };
  Result<void> made = env::make_directory(account, 0755);
  for (const auto& [path, content] : files) {
    if (made.ok()) made = env::replace_file(path, content, kForAll);
  }
  return made;
}

}  // namespace chaperone::net
