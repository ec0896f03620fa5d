#include "sidecar/session/cancel_registry.h"

#include <sys/random.h>

#include "proto-parsers/base/check.h"

namespace chaperone::session {
namespace {

// getrandom of at most 256 bytes never comes back short once the pool is ready.
void fill_random(void* out, std::size_t size) {
  CHECK(size <= 256 && getrandom(out, size, 0) == static_cast<ssize_t>(size));
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) difference |= static_cast<unsigned char>(a[i] ^ b[i]);
  return difference == 0;
}

}  // namespace

CancelKey CancelRegistry::add(CancelTarget target, std::size_t secret_bytes) {
  CancelKey key;
  key.secret.resize(secret_bytes);
  fill_random(key.secret.data(), key.secret.size());
  std::lock_guard lock(mutex_);
  do {
    fill_random(&key.pid, sizeof key.pid);
    key.pid &= 0x7fffffff;  // clients print it as a signed process id
  } while (key.pid == 0 || entries_.contains(key.pid));
  entries_.emplace(key.pid, Entry{key.secret, std::move(target)});
  return key;
}

bool CancelRegistry::remove(std::uint32_t pid) {
  std::lock_guard lock(mutex_);
  auto known = entries_.find(pid);
  if (known == entries_.end()) return false;
  bool found = known->second.found;
  entries_.erase(known);
  return found;
}

std::optional<CancelTarget> CancelRegistry::find(std::uint32_t pid, Bytes secret) {
  std::lock_guard lock(mutex_);
  auto found = entries_.find(pid);
  if (found == entries_.end()) return std::nullopt;
  if (!equal_in_constant_time(found->second.secret, as_text(secret))) return std::nullopt;
  found->second.found = true;
  return found->second.target;
}

}  // namespace chaperone::session
