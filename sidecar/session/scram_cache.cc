#include "sidecar/session/scram_cache.h"

#include "sidecar/session/scram.h"
#include "sidecar/session/scram_crypto.h"

namespace chaperone {

ScramCache::ScramCache() { random_bytes(key_); }

ScramCache::~ScramCache() { wipe_bytes(key_.data(), key_.size()); }

void ScramCache::clear() { entries_.clear(); }

ScramKeys ScramCache::keys(std::string_view password, std::string_view salt,
                           std::uint32_t iterations) {
  const auto finder = finder_of(password, salt, iterations);
  for (const Entry& entry : entries_) {
    if (equal_secret(entry.finder, finder)) return entry.keys;
  }
  ++derivations_;
  if (entries_.size() == kScramCacheEntriesMax) entries_.erase(entries_.begin());
  entries_.push_back({finder, derive_scram_keys(password, salt, iterations)});
  return entries_.back().keys;
}

// HMAC of HMACs: no two triples can be spelled alike.
Sha256 ScramCache::finder_of(std::string_view password, std::string_view salt,
                             std::uint32_t iterations) const {
  Sha256 of_password = hmac_sha256(key_, password);
  const Sha256 of_salt = hmac_sha256(key_, salt);
  std::string joined(as_text(of_password));
  joined += as_text(of_salt);
  joined += std::to_string(iterations);
  const Sha256 finder = hmac_sha256(key_, joined);
  wipe_bytes(of_password.data(), of_password.size());
  wipe_bytes(joined.data(), joined.size());
  return finder;
}

}  // namespace chaperone
