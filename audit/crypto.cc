#include "audit/crypto.h"

namespace chaperone::audit {

Hash sha256(Bytes bytes) { return Sha256().update(bytes).finish(); }

SigningKey SigningKey::generate() {
  Seed seed;
  random_bytes(seed.data(), seed.size());
  SigningKey key(seed);
  wipe(seed.data(), seed.size());
  return key;
}

SigningKey::SigningKey(SigningKey&& other) noexcept
    : seed_(other.seed_), public_key_(other.public_key_) {
  wipe(other.seed_.data(), other.seed_.size());
}

SigningKey::~SigningKey() { wipe(seed_.data(), seed_.size()); }

Id random_id() {
  Id id;
  random_bytes(id.data(), id.size());
  return id;
}

}  // namespace chaperone::audit
