#pragma once
// TLS on both sides of the sidecar, with BoringSSL, TLS 1.2 or newer. Both classes may be shared
// by all loops; the SSL types stay in this room's .cc files.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "proto-parsers/base/result.h"

namespace chaperone::net {

class TlsEngine;
struct EngineCallbacks;

struct TlsServerOptions {
  std::string key_dir;       // the CA's key and certificate live here, mode 0600; survives restarts
  std::string trust_dir;     // what agents mount is written here (trust_files.h), mode 0644
  std::string public_roots;  // PEM file put before ours in bundle.pem; empty: none
  std::string pod_namespace;  // for clients of Kubernetes in the pod
  std::vector<std::string> alpn = {"postgresql"};  // in our order of preference
};

// Towards the agent: the pod's own CA (ECDSA P-256), made at the first start, and certificates for
// the names of what the agent dials, issued as needed, kept in a bounded cache, valid a day at most.
class TlsServer {
 public:
  // Reads or makes the CA and writes the trust files, each by rename, so that readers never see
  // half a file. Error: names the file and what to do.
  static Result<std::unique_ptr<TlsServer>> open(const TlsServerOptions& options);
  ~TlsServer();
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;

  // PEM of the CA's certificate.
  const std::string& ca_pem() const;

 private:
  friend class TlsEngine;
  friend struct EngineCallbacks;
  struct Impl;
  TlsServer() = default;
  std::unique_ptr<Impl> impl_;
};

enum class TlsVerify : std::uint8_t {
  kFull,  // chain to the CA file, and the name
  kCa,    // chain to the CA file
  kNone,  // whatever it shows; for probes of the pod's own containers alone
};

struct TlsClientOptions {
  std::string ca_file;  // PEM; unused with kNone
  TlsVerify verify = TlsVerify::kFull;
  std::string certificate_file, key_file;  // client certificate, PEM; both or none
  std::vector<std::string> alpn;           // offered; for direct TLS {"postgresql"}
};

// Towards a server. The files are read again when they change: the next connection uses what is
// there then, and fails, with an error that names the file, if that is unusable.
class TlsClient {
 public:
  // Files are first read when first needed (or by check()).
  explicit TlsClient(TlsClientOptions options);
  ~TlsClient();
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  // Whether a connection could be made with the files as they are now.
  Result<void> check();
  // Changes whenever the content of a file has: warm connections made under another are stale.
  std::uint64_t generation();

 private:
  friend class TlsEngine;
  friend struct EngineCallbacks;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace chaperone::net
