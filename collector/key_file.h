#pragma once
// The collector's own Ed25519 key: made at the first start, kept in a file that only it can read.

#include <string>

#include "audit/crypto.h"
#include "proto-parsers/base/result.h"

namespace chaperone::collector {

// 64 hexadecimal digits and a newline, mode 0600. Beside it `path`.pub holds the public key.
Result<audit::SigningKey> load_or_make_key(const std::string& path);

}  // namespace chaperone::collector
