#pragma once
// The one capability that programming the rules needs, and how it reaches the helpers.

#include <string>

#include "proto-parsers/base/result.h"

namespace chaperone::capture {

// Fails unless NET_ADMIN is effective: as a file capability of this program, or as root.
Result<void> require_net_admin();

// Raises NET_ADMIN (and NET_RAW, where held: only iptables-legacy asks for it) as ambient, since a
// helper that we execute has no file capability of its own and would start with nothing.
Result<void> raise_ambient();

bool has_net_raw();

}  // namespace chaperone::capture
