#pragma once
// The keys that a password gives with one salt and iteration count (RFC 5802 section 3). Deriving
// them costs 4096 HMACs or more; a server keeps a role's salt until the password changes, so every
// login after the first is nearly free.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/session/secret.h"

namespace chaperone {

inline constexpr std::size_t kSha256Bytes = 32;
// Roles in use at a time: far fewer than this in one pod. The oldest goes first.
inline constexpr std::size_t kScramCacheEntriesMax = 32;

struct ScramKeys {
  std::array<std::uint8_t, kSha256Bytes> client_key{};
  std::array<std::uint8_t, kSha256Bytes> server_key{};
  ScramKeys() = default;
  ScramKeys(const ScramKeys&) = default;
  ScramKeys& operator=(const ScramKeys&) = default;
  ~ScramKeys() { wipe_bytes(this, sizeof(*this)); }
};

// Holds no password: entries are found by an HMAC of it under a key of this cache alone, and are
// wiped when they leave. Not thread-safe: one for each loop.
class ScramCache {
 public:
  ScramCache();
  ~ScramCache();
  ScramCache(const ScramCache&) = delete;
  ScramCache& operator=(const ScramCache&) = delete;

  // The keys, derived now or known from before.
  ScramKeys keys(std::string_view password, std::string_view salt, std::uint32_t iterations);
  // Forgets all; for when a credential is rotated.
  void clear();
  std::size_t derivations() const { return derivations_; }  // how often the cost was paid

 private:
  struct Entry {
    std::array<std::uint8_t, kSha256Bytes> finder{};
    ScramKeys keys;
  };
  std::array<std::uint8_t, kSha256Bytes> finder_of(std::string_view password, std::string_view salt,
                                                   std::uint32_t iterations) const;

  std::array<std::uint8_t, kSha256Bytes> key_;
  std::vector<Entry> entries_;  // oldest first
  std::size_t derivations_ = 0;
};

}  // namespace chaperone
