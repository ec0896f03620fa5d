#pragma once
// Which replica looks after the certificates: the holder of a coordination.k8s.io/v1 Lease.

#include <cstdint>
#include <string>

#include "injector/kube_api.h"

namespace chaperone::injector {

class Lease {
 public:
  Lease(KubeApi& api, std::string namespace_name, std::string holder);

  // Takes or renews it; whether it is ours now. `now_s` is a clock that never goes back: another's
  // lease is taken over when it was seen unchanged for its duration, whatever clocks say.
  Result<bool> hold(std::int64_t now_s);
  // Gives it back, so that another replica need not wait.
  void release();

 private:
  Result<bool> create();
  Result<bool> write(const std::string& version, const std::string& holder, std::int64_t turns);

  KubeApi& api_;
  std::string path_, holder_;
  std::string seen_;            // the version seen last
  std::int64_t seen_at_s_ = 0;  // and since when
  bool ours_ = false;
};

}  // namespace chaperone::injector
