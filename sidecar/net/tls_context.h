#pragma once
// What TlsServer and TlsClient hold behind their headers. For this room only.

#include <openssl/ssl.h>

#include <list>
#include <map>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "sidecar/env/file.h"
#include "sidecar/net/pod_ca.h"
#include "sidecar/net/tls.h"

namespace chaperone::net {

// Certificates by the names they cover; the least lately used goes first.
class LeafCache {
 public:
  LeafCache(const PodCa& ca, EVP_PKEY* leaf_key) : ca_(ca), leaf_key_(leaf_key) {}
  // Null where no certificate can be made for these names.
  bssl::UniquePtr<X509> leaf_for(const std::vector<std::string>& names);

 private:
  struct Leaf {
    std::string key;
    bssl::UniquePtr<X509> certificate;
    std::time_t not_after;
  };
  const PodCa& ca_;
  EVP_PKEY* leaf_key_;
  std::mutex mutex_;
  std::list<Leaf> leaves_;  // the latest used first; under mutex_, like the index
  std::unordered_map<std::string, std::list<Leaf>::iterator> index_;
};

struct TlsServer::Impl {
  PodCa ca;
  bssl::UniquePtr<EVP_PKEY> leaf_key;
  LeafCache leaves{ca, leaf_key.get()};
  bssl::UniquePtr<SSL_CTX> context;
  std::string alpn;  // wire form: each name after its length
  std::string trust_dir;

  Impl(PodCa authority, bssl::UniquePtr<EVP_PKEY> key)
      : ca(std::move(authority)), leaf_key(std::move(key)) {}
  void make_context();
};

struct TlsClient::Impl {
  TlsClientOptions options;
  std::string alpn;
  std::mutex mutex;  // what follows is under it
  bssl::UniquePtr<SSL_CTX> context;
  env::FileIdentity ca_seen, certificate_seen, key_seen;
  std::uint64_t generation = 0;
  std::unordered_map<std::string, bssl::UniquePtr<SSL_SESSION>> sessions;

  // The context for the files as they are now.
  Result<bssl::UniquePtr<SSL_CTX>> current();
  Result<void> refresh();
  void remember(const std::string& key, bssl::UniquePtr<SSL_SESSION> session);
  bssl::UniquePtr<SSL_SESSION> recall(const std::string& key);
};

// Each name after its length; empty where one does not fit (RFC 7301 3.1).
std::string alpn_wire(const std::vector<std::string>& names);

}  // namespace chaperone::net
