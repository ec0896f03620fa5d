#pragma once
// The upstream credential as the files say now. Kubernetes swaps mounted Secrets in place, so what
// was read a moment ago may be of the past; the version tells.

#include <string>

#include "proto-parsers/base/result.h"
#include "sidecar/policy/resource.h"
#include "sidecar/session/secret.h"

namespace chaperone::session {

struct ReadCredential {
  std::string user;     // empty: the login mapping names the role
  Secret password;      // empty: none
};

// Error: names the file and the reason, never a content.
Result<ReadCredential> read_credential(const policy::Credential& credential);

// Changes with the files' identity or time of change; no content is read.
std::string credential_version(const policy::Credential& credential);

}  // namespace chaperone::session
