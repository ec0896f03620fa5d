#include <openssl/crypto.h>
#include <openssl/curve25519.h>
#include <openssl/hmac.h>
#include <openssl/mem.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <cstring>

#include "audit/crypto.h"
#include "proto-parsers/base/check.h"

namespace chaperone::audit {

static_assert(sizeof(SHA256_CTX) <= 128 && alignof(SHA256_CTX) <= 8);

namespace {
SHA256_CTX* context(std::array<std::uint8_t, 128>& state) {
  return reinterpret_cast<SHA256_CTX*>(state.data());
}
// BoringSSL's private key is the seed with the public key behind it.
std::array<std::uint8_t, 64> private_key(const Seed& seed, const PublicKey& key) {
  std::array<std::uint8_t, 64> both;
  std::memcpy(both.data(), seed.data(), 32);
  std::memcpy(both.data() + 32, key.data(), 32);
  return both;
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
  Hash hash;
  unsigned size = 0;
  CHECK(HMAC(EVP_sha256(), key.data(), key.size(), bytes.data(), bytes.size(), hash.data(), &size));
  CHECK(size == hash.size());
  return hash;
}

SigningKey::SigningKey(const Seed& seed) : seed_(seed) {
  std::array<std::uint8_t, 64> both;
  ED25519_keypair_from_seed(public_key_.data(), both.data(), seed_.data());
  wipe(both.data(), both.size());
}

Signature SigningKey::sign(Bytes message) const {
  Signature signature;
  auto key = private_key(seed_, public_key_);
  CHECK(ED25519_sign(signature.data(), message.data(), message.size(), key.data()) == 1);
  wipe(key.data(), key.size());
  return signature;
}

bool verify(const PublicKey& key, Bytes message, const Signature& signature) {
  return ED25519_verify(message.data(), message.size(), signature.data(), key.data()) == 1;
}

void random_bytes(std::uint8_t* out, std::size_t size) { CHECK(RAND_bytes(out, size) == 1); }

void wipe(void* memory, std::size_t size) { OPENSSL_cleanse(memory, size); }

bool equal_constant_time(Bytes a, Bytes b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace chaperone::audit
