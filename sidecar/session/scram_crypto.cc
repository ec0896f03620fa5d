#include "sidecar/session/scram_crypto.h"

#include <openssl/base64.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/mem.h>
#include <openssl/rand.h>
#include <openssl/sha2.h>

#include "proto-parsers/base/check.h"

namespace chaperone {

Sha256 sha256(Bytes data) {
  Sha256 out;
  SHA256(data.data(), data.size(), out.data());
  return out;
}

Sha256 hmac_sha256(Bytes key, std::string_view data) {
  Sha256 out;
  unsigned size = 0;
  const Bytes bytes = as_bytes(data);
  CHECK(HMAC(EVP_sha256(), key.data(), key.size(), bytes.data(), bytes.size(), out.data(), &size));
  CHECK(size == out.size());
  return out;
}

std::string base64(Bytes data) {
  // The encoder ends its text with a zero byte.
  std::string out((data.size() + 2) / 3 * 4 + 1, '\0');
  out.resize(
      EVP_EncodeBlock(reinterpret_cast<std::uint8_t*>(out.data()), data.data(), data.size()));
  return out;
}

std::optional<std::string> from_base64(std::string_view text) {
  std::string out(text.size() / 4 * 3 + 3, '\0');
  std::size_t size = 0;
  if (!EVP_DecodeBase64(reinterpret_cast<std::uint8_t*>(out.data()), &size, out.size(),
                        as_bytes(text).data(), text.size())) {
    return std::nullopt;
  }
  out.resize(size);
  return out;
}

void random_bytes(std::span<std::uint8_t> out) { RAND_bytes(out.data(), out.size()); }

bool equal_secret(Bytes a, Bytes b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace chaperone
