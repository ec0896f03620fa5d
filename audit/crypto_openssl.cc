// OpenSSL 3 fetches an algorithm by name on every EVP digest, which costs more than hashing a
// record does; the direct SHA-256 calls are deprecated and still the right ones here.
#define OPENSSL_SUPPRESS_DEPRECATED

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <limits>
#include <memory>

#include "audit/crypto.h"
#include "proto-parsers/base/check.h"

namespace chaperone::audit {

static_assert(sizeof(SHA256_CTX) <= 128 && alignof(SHA256_CTX) <= 8);

namespace {
SHA256_CTX* context(std::array<std::uint8_t, 128>& state) {
  return reinterpret_cast<SHA256_CTX*>(state.data());
}
struct KeyFree {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Key = std::unique_ptr<EVP_PKEY, KeyFree>;
using Digest = std::unique_ptr<EVP_MD_CTX, KeyFree>;

Key private_key(const Seed& seed) {
  return Key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), seed.size()));
}
}  // namespace

Sha256::Sha256() { SHA256_Init(context(state_)); }

Sha256& Sha256::update(Bytes bytes) {
  SHA256_Update(context(state_), bytes.data(), bytes.size());
  return *this;
}

Hash Sha256::finish() {
  Hash hash;
  SHA256_Final(hash.data(), context(state_));
  return hash;
}

Hash hmac_sha256(Bytes key, Bytes bytes) {
  static const std::uint8_t nothing = 0;  // OpenSSL takes a null key for "as the last time"
  CHECK(key.size() <= static_cast<std::size_t>(std::numeric_limits<int>::max()));
  Hash hash;
  unsigned size = 0;
  const void* start = key.empty() ? &nothing : key.data();
  CHECK(HMAC(EVP_sha256(), start, static_cast<int>(key.size()), bytes.data(), bytes.size(),
             hash.data(), &size));
  CHECK(size == hash.size());
  return hash;
}

SigningKey::SigningKey(const Seed& seed) : seed_(seed) {
  Key key = private_key(seed_);
  std::size_t size = public_key_.size();
  CHECK(key && EVP_PKEY_get_raw_public_key(key.get(), public_key_.data(), &size) == 1);
  CHECK(size == public_key_.size());
}

Signature SigningKey::sign(Bytes message) const {
  Key key = private_key(seed_);
  Digest digest(EVP_MD_CTX_new());
  Signature signature;
  std::size_t size = signature.size();
  CHECK(key && digest);
  CHECK(EVP_DigestSignInit(digest.get(), nullptr, nullptr, nullptr, key.get()) == 1);
  CHECK(EVP_DigestSign(digest.get(), signature.data(), &size, message.data(), message.size()) == 1);
  CHECK(size == signature.size());
  return signature;
}

bool verify(const PublicKey& key, Bytes message, const Signature& signature) {
  Key public_key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, key.data(), key.size()));
  Digest digest(EVP_MD_CTX_new());
  if (!public_key || !digest) return false;
  if (EVP_DigestVerifyInit(digest.get(), nullptr, nullptr, nullptr, public_key.get()) != 1)
    return false;
  return EVP_DigestVerify(digest.get(), signature.data(), signature.size(), message.data(),
                          message.size()) == 1;
}

void random_bytes(std::uint8_t* out, std::size_t size) {
  CHECK(size <= static_cast<std::size_t>(std::numeric_limits<int>::max()));
  CHECK(RAND_bytes(out, static_cast<int>(size)) == 1);
}

void wipe(void* memory, std::size_t size) { OPENSSL_cleanse(memory, size); }

bool equal_constant_time(Bytes a, Bytes b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace chaperone::audit
