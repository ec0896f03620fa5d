#pragma once
// What agents mount: the pod's CA for their clients, and what in-cluster clients of Kubernetes look
// for.

#include <string>

#include "proto-parsers/base/result.h"

namespace chaperone::net {

struct TlsServerOptions;

// In options.trust_dir, each by a rename:
//   ca.pem       the pod's CA
//   bundle.pem   the public roots, and the pod's CA behind them
//   trust.jks    the bundle for Java (java_trust.h)
//   serviceaccount/{token,ca.crt,namespace}   a token that nobody accepts, the bundle, the pod's
//   namespace
// Error: names the file.
Result<void> write_trust_files(const TlsServerOptions& options, const std::string& ca_pem);

}  // namespace chaperone::net
