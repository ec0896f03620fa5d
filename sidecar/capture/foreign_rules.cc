#include "sidecar/capture/foreign_rules.h"

#include <algorithm>

#include "sidecar/capture/iptables_ruleset.h"
#include "sidecar/capture/lines.h"
#include "sidecar/capture/nft_ruleset.h"

namespace chaperone::capture {
namespace {

constexpr std::size_t kDescribedMax = 8;

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// "table ip nat {" -> "ip nat"
std::string_view block_name(std::string_view line, std::string_view keyword) {
  line.remove_prefix(keyword.size());
  return line.substr(0, line.rfind(" {"));
}

bool is_our_table(std::string_view table) {
  return table == "inet " + std::string(kNftTable) ||
         table == "inet " + std::string(kNftIntentTable);
}

bool catches(std::string_view base_chain) {
  return base_chain.starts_with("type nat hook ") &&
         (has(base_chain, "hook output") || has(base_chain, "hook prerouting"));
}

// What stands in quotes (a comment, a device, a log prefix) is no statement; an extension's name
// is.
std::string statements_of(std::string_view rule) {
  std::string text;
  bool quoted = false;
  for (char c : rule) {
    if (c == '"') quoted = !quoted;
    if (!quoted && c != '"') text += c;
  }
  return " " + text + " ";
}

// Takes packets elsewhere without NAT, from whatever hook: by a transparent proxy, as a copy, or
// out of another device.
bool diverts(std::string_view rule) {
  for (std::string_view target : {"xt target \"TPROXY\"", "xt target \"TEE\""}) {
    if (has(rule, target)) return true;
  }
  const std::string text = statements_of(rule);
  return has(text, " tproxy ") || has(text, " dup to ") || has(text, " fwd to ") ||
         has(text, " fwd ip to ") || has(text, " fwd ip6 to ");
}

}  // namespace

std::vector<ForeignRule> foreign_in_nft(std::string_view listing) {
  std::vector<ForeignRule> found;
  std::string_view table, chain;
  bool in_nat_chain = false;
  for (std::string_view line : lines_of(listing)) {
    line = trimmed(line);
    if (line.starts_with("table ")) {
      table = block_name(line, "table ");
    } else if (line.starts_with("chain ")) {
      chain = block_name(line, "chain ");
    } else if (line.starts_with("type ")) {
      in_nat_chain = catches(line);
    } else if (line == "}") {
      in_nat_chain = false;
    } else if ((in_nat_chain || diverts(line)) && !line.empty() && !is_our_table(table)) {
      bool own = has(line, kIptablesChainPrefix) || chain.starts_with(kIptablesChainPrefix);
      found.push_back({"nft table " + std::string(table) + ", chain " + std::string(chain),
                       std::string(line), own});
    }
  }
  return found;
}

std::vector<ForeignRule> foreign_in_iptables(std::string_view tool, std::string_view listing) {
  std::vector<ForeignRule> found;
  std::string_view table;
  const std::string ours(kIptablesChainPrefix);
  for (std::string_view line : lines_of(listing)) {
    line = trimmed(line);
    if (line.starts_with("*")) table = line.substr(1);
    if (!line.starts_with("-A ")) continue;
    if (line.starts_with("-A " + ours) || has(line, " -j " + ours)) continue;
    found.push_back({std::string(tool) + " table " + std::string(table), std::string(line), false});
  }
  return found;
}

std::string refusal(const std::vector<ForeignRule>& rules) {
  bool all_own =
      std::all_of(rules.begin(), rules.end(), [](const ForeignRule& r) { return r.own; });
  if (all_own) {
    return "rules of an earlier run of chaperone-init with another back end are still here; choose "
           "that --backend again, or begin with a new pod:" +
           describe(rules);
  }
  return "other rules redirect this pod's traffic or would be overwritten; take the other "
         "interceptor out of the pod, or Chaperone:" +
         describe(rules);
}

std::string describe(const std::vector<ForeignRule>& rules) {
  std::string text;
  for (std::size_t i = 0; i < rules.size() && i < kDescribedMax; ++i) {
    text += "\n  " + rules[i].where + ": " + rules[i].rule;
  }
  if (rules.size() > kDescribedMax) {
    text += "\n  and " + std::to_string(rules.size() - kDescribedMax) + " more";
  }
  return text;
}

}  // namespace chaperone::capture
