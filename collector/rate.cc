#include "collector/rate.h"

#include <algorithm>

namespace chaperone::collector {

RateLimit::Bucket& RateLimit::filled(const std::string& name, std::int64_t now_ns) {
  auto found = buckets_.find(name);
  if (found == buckets_.end()) {
    // A full table forgets all: an attacker with many addresses gains a burst, never memory.
    if (buckets_.size() >= names_max_) buckets_.clear();
    found = buckets_.emplace(name, Bucket{burst_, now_ns}).first;
  }
  Bucket& bucket = found->second;
  double passed_s = static_cast<double>(std::max<std::int64_t>(0, now_ns - bucket.at_ns)) / 1e9;
  bucket.level = std::min(burst_, bucket.level + passed_s * per_second_);
  bucket.at_ns = now_ns;
  return bucket;
}

bool RateLimit::take(const std::string& name, std::int64_t now_ns) {
  std::lock_guard lock(mutex_);
  Bucket& bucket = filled(name, now_ns);
  if (bucket.level < 1) return false;
  bucket.level -= 1;
  return true;
}

}  // namespace chaperone::collector
