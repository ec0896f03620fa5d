#pragma once
// The kernel's old iptables tables, which no nft listing shows. Read by getsockopt, so that neither
// NET_RAW nor an iptables binary is needed.

#include <vector>

#include "sidecar/capture/foreign_rules.h"

namespace chaperone::capture {

// Rules in the OUTPUT and PREROUTING hooks of the legacy `nat` table, v4 and v6, whoever wrote
// them. Empty where the kernel has no legacy tables.
std::vector<ForeignRule> foreign_in_legacy_nat();

}  // namespace chaperone::capture
