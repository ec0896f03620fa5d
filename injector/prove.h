#pragma once
// What `helm test` runs: proof, from inside the cluster, that pods are injected, that what cannot be
// made safe is refused, and that a refusal inside an agent's pod is in the collector's trail.

#include <chrono>
#include <functional>
#include <string>

#include "injector/kube_api.h"

namespace chaperone::injector {

struct ProofTerms {
  std::string agents_namespace, policy, service_account;  // of the pods that are tried
  std::string pod;                                        // the one that knocked
  std::chrono::seconds patience{90};                      // for its record
};

// Each thing proved is told in a line to `tell`. Error: what does not hold, and where to look.
// `collector` is asked with the right to read.
Result<void> prove(KubeApi& kube, KubeApi& collector, const ProofTerms& terms,
                   const std::function<void(const std::string&)>& tell);

// In an agent's container: the sidecar gave this pod its trust, and a connection to an address that
// no policy names (192.0.2.1, RFC 5737) ends without a byte. Error: what does not hold.
Result<void> knock(const std::string& trust_file);

// `chaperone-injector prove|knock ...`: an exit status.
int run_proof(int argc, char** argv);

}  // namespace chaperone::injector
