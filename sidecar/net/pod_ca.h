#pragma once
// The pod's own certificate authority (ECDSA P-256, self-signed): made once, kept in files, and the
// leaves that it signs. For this room only; its callers include BoringSSL already.

#include <openssl/base.h>

#include <ctime>
#include <string>
#include <vector>

#include "proto-parsers/base/result.h"

namespace chaperone::net {

class PodCa {
 public:
  // tls-ca.key and tls-ca.pem of `dir`, both 0600; made where there is no key yet.
  static Result<PodCa> open(const std::string& dir);

  const std::string& pem() const { return pem_; }
  // Valid from an hour ago until `not_after`; SAN: each of `names`, as IP address or DNS name.
  // Null where a name fits neither.
  bssl::UniquePtr<X509> issue(const std::vector<std::string>& names, EVP_PKEY* leaf_key,
                              std::time_t not_after) const;

 private:
  bssl::UniquePtr<EVP_PKEY> key_;
  bssl::UniquePtr<X509> certificate_;
  std::string pem_;
};

bssl::UniquePtr<EVP_PKEY> make_p256_key();

}  // namespace chaperone::net
