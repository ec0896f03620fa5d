#pragma once
// Which upstream connection a client's CancelRequest means. The key that the agent gets is the
// sidecar's own, so a key of the server's never reaches it, and a cancel can only hit a session
// that went through this sidecar. Shared by all loops: a cancel is a connection of its own and may
// arrive on another one.

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "proto-parsers/base/bytes.h"
#include "sidecar/net/address.h"

namespace chaperone::session {

struct CancelTarget {
  std::string resource;          // by name: the policy may be a newer one when the cancel comes
  net::Address address;          // where the upstream connection goes
  std::uint32_t upstream_pid = 0;
  std::string upstream_secret;   // never logged or recorded
};

struct CancelKey {
  std::uint32_t pid = 0;
  std::string secret;  // 4 bytes in protocol 3.0, 32 from 3.2
};

class CancelRegistry {
 public:
  // Draws a key of `secret_bytes` that no live session has.
  CancelKey add(CancelTarget target, std::size_t secret_bytes);
  // True where find() has ever answered with this one: a cancel may still be on its way.
  bool remove(std::uint32_t pid);
  // The target, if both halves of the key fit; the comparison takes the same time for every secret.
  std::optional<CancelTarget> find(std::uint32_t pid, Bytes secret);

 private:
  struct Entry {
    std::string secret;
    CancelTarget target;
    bool found = false;
  };
  std::mutex mutex_;
  std::unordered_map<std::uint32_t, Entry> entries_;
};

}  // namespace chaperone::session
