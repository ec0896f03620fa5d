#pragma once
// Is the live table what was meant? Pure comparisons of listings; each error quotes the first line
// that differs.

#include <string>
#include <string_view>

#include "proto-parsers/base/result.h"
#include "sidecar/capture/parameters.h"

namespace chaperone::capture {

// `intent`: the kernel's listing of the dormant copy; `live`: that of the live table; `text`: what
// was loaded, whose count of rules must be there too.
Result<void> compare_nft(std::string_view intent, std::string_view live, std::string_view text);

// The layer-2 table hangs on every device that it should, with its rules.
Result<void> compare_nft_l2(std::string_view live, const Parameters& parameters);

// `intent`: one ruleset in iptables-restore's form; `live`: what iptables-save prints. Tables may
// come in any order; counters, comments and tables without rules of ours do not count.
Result<void> compare_iptables(std::string_view intent, std::string_view live);

}  // namespace chaperone::capture
