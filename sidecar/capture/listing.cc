#include "sidecar/capture/listing.h"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "sidecar/capture/lines.h"

namespace chaperone::capture {
namespace {

using Lines = std::vector<std::string>;

Error differs(std::string_view where, std::string_view meant, std::string_view found) {
  auto quote = [](std::string_view line) {
    return line.empty() ? std::string("nothing") : "'" + std::string(line) + "'";
  };
  return Error{"the live rules are not those that were loaded, in " + std::string(where) +
               ": meant " + quote(meant) + ", found " + quote(found)};
}

Result<void> compare_lines(std::string_view where, const Lines& meant, const Lines& found) {
  for (std::size_t i = 0; i < std::max(meant.size(), found.size()); ++i) {
    std::string_view left = i < meant.size() ? meant[i] : std::string_view();
    std::string_view right = i < found.size() ? found[i] : std::string_view();
    if (left != right) return differs(where, left, right);
  }
  return {};
}

// A table's inside; what differs by nature (its name, being dormant) left out.
Lines nft_body(std::string_view listing) {
  Lines body;
  for (std::string_view line : lines_of(listing)) {
    line = trimmed(line);
    if (line.empty() || line.starts_with("table ") || line == "flags dormant") continue;
    body.emplace_back(line);
  }
  return body;
}

bool is_nft_rule(std::string_view line) {
  for (std::string_view other : {"table ", "delete ", "set ", "counter ", "chain ", "type ",
                                 "typeof ", "flags ", "size ", "elements ", "packets ", "}"}) {
    if (!line.starts_with(other)) continue;
    // "counter name x" is a rule, "counter x {" is not.
    return other == "counter " && line.starts_with("counter name ");
  }
  return !line.empty();
}

// Of one table of a text that may hold several.
std::size_t count_rules(std::string_view text, std::string_view table) {
  std::size_t rules = 0;
  bool inside = false;
  for (std::string_view line : lines_of(text)) {
    line = trimmed(line);
    if (line.starts_with("table ")) inside = line.starts_with("table " + std::string(table) + " {");
    if (inside && is_nft_rule(line)) ++rules;
  }
  return rules;
}

// Chain policies and rules by table; rules in order, policies before them.
std::map<std::string, Lines, std::less<>> iptables_tables(std::string_view text) {
  std::map<std::string, Lines, std::less<>> tables;
  std::string table;
  for (std::string_view line : lines_of(text)) {
    line = trimmed(line);
    if (line.starts_with("*")) table = line.substr(1);
    if (line.starts_with(":")) line = line.substr(0, line.find(" ["));  // counters
    if (line.starts_with(":") || line.starts_with("-A ")) tables[table].emplace_back(line);
  }
  // The tools sort chains as they like, and keep the order of rules within a chain.
  auto chain = [](const std::string& line) {
    return line.starts_with(":") ? std::string() : line.substr(0, line.find(' ', 3));
  };
  for (auto& [name, lines] : tables) {
    std::stable_sort(lines.begin(), lines.end(), [&](const auto& left, const auto& right) {
      std::string a = chain(left), b = chain(right);
      return a.empty() && b.empty() ? left < right : a < b;
    });
  }
  return tables;
}

}  // namespace

Result<void> compare_nft(std::string_view intent, std::string_view live, std::string_view text) {
  Result<void> same = compare_lines("table inet chaperone", nft_body(intent), nft_body(live));
  if (!same) return same;
  std::size_t meant = count_rules(text, "inet chaperone");
  std::size_t found = count_rules(live, "inet chaperone");
  if (meant == found) return {};
  return differs("table inet chaperone", std::to_string(meant) + " rules",
                 std::to_string(found) + " rules");
}

Result<void> compare_nft_l2(std::string_view live, const Parameters& parameters) {
  for (const std::string& device : parameters.devices) {
    if (live.find('"' + device + '"') == std::string_view::npos &&
        live.find(' ' + device) == std::string_view::npos) {
      return differs("table netdev chaperone_l2", "device " + device, "");
    }
  }
  std::string owner = "meta skuid != " + std::to_string(parameters.sidecar_uid);
  std::size_t rules = count_rules(live, "netdev chaperone_l2");
  if (rules == 2 && live.find(owner) != std::string_view::npos) return {};
  return differs("table netdev chaperone_l2", owner, std::to_string(rules) + " rules");
}

Result<void> compare_iptables(std::string_view intent, std::string_view live) {
  auto meant = iptables_tables(intent);
  auto found = iptables_tables(live);
  for (const auto& [table, lines] : meant) {
    Result<void> same = compare_lines("iptables table " + table, lines, found[table]);
    if (!same) return same;
  }
  return {};
}

}  // namespace chaperone::capture
