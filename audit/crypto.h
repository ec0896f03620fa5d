#pragma once
// The little cryptography that records need. One header, two implementations chosen at link time,
// because BoringSSL (sidecar) and OpenSSL (collector, cli) may never meet in one process:
//   audit_crypto_boring, audit_crypto_openssl    link one of them, after `audit`
// Both pass the same vectors (tests/golden/audit/crypto.txt).

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "proto-parsers/base/bytes.h"

namespace chaperone::audit {

using Hash = std::array<std::uint8_t, 32>;       // SHA-256
using PublicKey = std::array<std::uint8_t, 32>;  // Ed25519, RFC 8032
using Signature = std::array<std::uint8_t, 64>;
using Seed = std::array<std::uint8_t, 32>;  // the Ed25519 private key as RFC 8032 stores it
using Id = std::array<std::uint8_t, 16>;    // random; all zero means none

// Incremental SHA-256. finish() ends it; start anew with a new object.
class Sha256 {
 public:
  Sha256();
  Sha256& update(Bytes bytes);
  Hash finish();

 private:
  alignas(8) std::array<std::uint8_t, 128> state_;
};
Hash sha256(Bytes bytes);

// HMAC-SHA-256 (RFC 2104).
Hash hmac_sha256(Bytes key, Bytes bytes);

// A signing key in memory, wiped when it goes.
class SigningKey {
 public:
  static SigningKey generate();
  explicit SigningKey(const Seed& seed);
  SigningKey(const SigningKey&) = delete;
  SigningKey& operator=(const SigningKey&) = delete;
  SigningKey(SigningKey&& other) noexcept;
  SigningKey& operator=(SigningKey&&) = delete;
  ~SigningKey();

  const PublicKey& public_key() const { return public_key_; }
  const Seed& seed() const { return seed_; }  // for the key file alone
  Signature sign(Bytes message) const;

 private:
  Seed seed_;
  PublicKey public_key_;
};
bool verify(const PublicKey& key, Bytes message, const Signature& signature);

// From the operating system; ends the process where there is none.
void random_bytes(std::uint8_t* out, std::size_t size);
Id random_id();

// Overwrites in a way that the compiler keeps.
void wipe(void* memory, std::size_t size);
// Equal, in time that depends on the length alone.
bool equal_constant_time(Bytes a, Bytes b);

}  // namespace chaperone::audit
