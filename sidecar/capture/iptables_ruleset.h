#pragma once
// The same ruleset for iptables-restore (V4) and ip6tables-restore (V6), for nodes without
// nf_tables. Weaker than the nft form in what docs/capture.md lists: no layer-2 hook, one
// transaction per table, dials counted for all agents together.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sidecar/capture/parameters.h"

namespace chaperone::capture {

// Every chain of ours begins so; a rule in or to another chain is someone else's.
inline constexpr std::string_view kIptablesChainPrefix = "CHAPERONE_";

// In the tool's own canonical spelling, so that what iptables-save prints can be compared line by
// line. The filter table comes first: a failure half-way leaves the pod closed.
// `self_test_uid` as in nft_ruleset().
std::string iptables_ruleset(const Parameters& parameters, Family family,
                             std::optional<std::uint32_t> self_test_uid = std::nullopt);

}  // namespace chaperone::capture
