#pragma once
// Looks after certificates: the Secret that all replicas serve from, and the authorities in the
// webhook configurations. Every replica looks; the one that holds the Lease also writes.

#include <atomic>
#include <string>

#include "injector/kube_api.h"
#include "injector/lease.h"
#include "injector/metrics.h"
#include "injector/rotation.h"
#include "injector/tls_key.h"

namespace chaperone::injector {

struct KeeperTerms {
  std::string namespace_name;        // of Secret and Lease
  std::string secret = "chaperone-injector-tls";
  std::string webhooks;              // the name of both webhook configurations
  std::string identity;              // of this replica, in the Lease
  RotationTerms rotation;
};

class Keeper {
 public:
  Keeper(KubeApi& api, KeeperTerms terms, TlsKey& key, Metrics& metrics);

  // One look. `wall_s` dates certificates, `steady_s` never goes back. Error: what failed; the next
  // look begins anew.
  Result<void> look(std::int64_t wall_s, std::int64_t steady_s);
  // The live webhook configurations trust the certificate that is served. Any thread.
  bool ready() const { return ready_; }
  void release() { lease_.release(); }

 private:
  struct Live;
  Result<Live> read_live();
  Result<void> publish(const Live& live, const std::string& authorities);
  Result<void> write_secret(const std::string& version, const CertificateState& state);
  Result<void> rotate(Live& live, std::int64_t wall_s);

  KubeApi& api_;
  KeeperTerms terms_;
  TlsKey& key_;
  Metrics& metrics_;
  Lease lease_;
  std::atomic<bool> ready_ = false;
};

}  // namespace chaperone::injector
