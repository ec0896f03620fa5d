#include "sidecar/capture/backend.h"
#include "sidecar/capture/iptables_ruleset.h"
#include "sidecar/capture/nft_ruleset.h"

namespace chaperone::capture {

std::string dry_run_text(bool nft, const Parameters& parameters) {
  if (nft) return nft_ruleset(parameters);
  return "# ip6tables-restore\n" + iptables_ruleset(parameters, Family::V6) +
         "# iptables-restore\n" + iptables_ruleset(parameters, Family::V4);
}

}  // namespace chaperone::capture
