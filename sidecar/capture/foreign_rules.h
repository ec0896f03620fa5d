#pragma once
// Who else redirects this pod's traffic? Rules of a mesh, another interceptor or a container
// runtime's resolver would see packets before or instead of ours: the init step refuses to start
// beside them. Pure functions over listings.

#include <string>
#include <string_view>
#include <vector>

namespace chaperone::capture {

struct ForeignRule {
  std::string where;  // "nft table ip nat, chain OUTPUT"
  std::string rule;   // as its tool prints it
  bool own = false;   // left by an earlier run of ours with another back end
};

// In what `nft list ruleset` prints, in any table but ours: rules in NAT chains at the output or
// prerouting hook; wherever they hang, rules that divert packets without NAT (tproxy, dup, fwd).
std::vector<ForeignRule> foreign_in_nft(std::string_view listing);

// In what iptables-save prints: any rule in or to a chain that is not ours. All tables count, since
// iptables-restore replaces them whole.
std::vector<ForeignRule> foreign_in_iptables(std::string_view tool, std::string_view listing);

// For the refusal: each rule on its own line, the first few.
std::string describe(const std::vector<ForeignRule>& rules);

// Why the init step does not start beside them, and what to do.
std::string refusal(const std::vector<ForeignRule>& rules);

}  // namespace chaperone::capture
