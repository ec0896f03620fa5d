#pragma once
// The ruleset for nf_tables: tables `inet chaperone` and, where devices are given, `netdev
// chaperone_l2`. Pure text; docs/capture.md explains each rule, tests/netns shows each to be
// needed.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sidecar/capture/parameters.h"

namespace chaperone::capture {

inline constexpr std::string_view kNftTable = "chaperone";
inline constexpr std::string_view kNftL2Table = "chaperone_l2";

// One transaction: creates, or replaces whole, our tables and touches no other.
// `self_test_uid`: this UID's listeners may answer on the sidecar's ports; for the self-test alone,
// before any agent runs, and followed by a ruleset without it.
std::string nft_ruleset(const Parameters& parameters,
                        std::optional<std::uint32_t> self_test_uid = std::nullopt);

// The same `inet` table under another name and dormant (in no packet's way), so that the kernel's
// own listing of it can be compared with the live one.
inline constexpr std::string_view kNftIntentTable = "chaperone_intent";
std::string nft_dormant_intent(const Parameters& parameters);

}  // namespace chaperone::capture
