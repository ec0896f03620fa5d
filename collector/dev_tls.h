#pragma once
// For trying things out: a certificate authority of our own and a server certificate by it, made
// once and kept in a folder. Not for production, where certificates come from the operator's CA.

#include <string>
#include <vector>

#include "proto-parsers/base/result.h"

namespace chaperone::collector {

struct DevTls {
  std::string ca_file, certificate_file, key_file;  // PEM, in the folder
};

// Valid for localhost, 127.0.0.1, ::1 and the names given (host names or addresses). Made again
// when the names change or less than a day is left.
Result<DevTls> dev_tls(const std::string& dir, const std::vector<std::string>& names);

}  // namespace chaperone::collector
