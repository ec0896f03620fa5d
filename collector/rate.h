#pragma once
// Token buckets by name: so many at once, so many per second, for a bounded number of names.

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

namespace chaperone::collector {

class RateLimit {
 public:
  RateLimit(double per_second, double burst, std::size_t names_max)
      : per_second_(per_second), burst_(burst), names_max_(names_max) {}

  // Takes one; false when none is left. Thread-safe. `now_ns` must not go backward by much.
  bool take(const std::string& name, std::int64_t now_ns);

 private:
  struct Bucket {
    double level = 0;
    std::int64_t at_ns = 0;
  };
  Bucket& filled(const std::string& name, std::int64_t now_ns);
  const double per_second_, burst_;
  const std::size_t names_max_;
  std::mutex mutex_;
  std::map<std::string, Bucket> buckets_;
};

}  // namespace chaperone::collector
