#include <algorithm>

#include "proto-parsers/dns/name.h"
#include "proto-parsers/dns/types.h"
#include "sidecar/policy/limits.h"
#include "sidecar/policy/loading.h"

namespace chaperone::policy {
namespace {

using config::MapReader;
using config::Node;

// What programs need to find a service. TXT, NULL and ANY carry data and are for those who name
// them.
constexpr dns::Type kTypes[] = {dns::Type::kA,    dns::Type::kAaaa, dns::Type::kCname,
                                dns::Type::kSrv,  dns::Type::kPtr,  dns::Type::kSvcb,
                                dns::Type::kHttps};

void load_types(MapReader& map, Loading& loading, NameRules& names) {
  const Node* node = map.find("types");
  if (!node) return;
  names.types.clear();
  for (const Node& item : config::read_list(*node, loading.findings, "types")) {
    auto text = config::read_text(item, loading.findings, "a type");
    if (!text) continue;
    if (auto type = dns::type_from(*text)) {
      names.types.push_back(static_cast<std::uint16_t>(*type));
    } else {
      map.add(item, config::quote(*text) + " is no record type: write A, TXT or TYPE257");
    }
  }
}

void load_limits(const Node* node, Loading& loading, NameLimits& limits) {
  if (!node) return;
  MapReader map(*node, loading.findings, "limits");
  map.number("label_bytes", limits.label_bytes_max, 1, 63);
  map.number("labels", limits.labels_max, 1, 127);
  map.number("names_per_minute", limits.names_per_minute, 1, 1000000);
  map.number("queries_per_second", limits.queries_per_second, 1, 1000000);
  map.finish();
}

}  // namespace

std::vector<NamePattern> load_name_patterns(MapReader& map, Loading& loading,
                                            std::string_view key) {
  std::vector<NamePattern> patterns;
  const Node* node = map.find(key);
  if (!node) return patterns;
  for (const Node& item : config::as_list(*node)) {
    auto text = config::read_text(item, loading.findings, "a name");
    if (!text) continue;
    std::transform(text->begin(), text->end(), text->begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
    const std::string_view plain =
        text->starts_with("*.") ? std::string_view(*text).substr(2) : std::string_view(*text);
    if (plain.empty() || !dns::is_name(plain)) {
      map.add(item, config::quote(*text) + " is no name: write host.example.org or *.example.org");
    }
    patterns.push_back(std::move(*text));
  }
  if (patterns.size() > kPatternsMax) {
    map.add(*node, "more than " + std::to_string(kPatternsMax) + " names");
  }
  return patterns;
}

void load_names(const Node* node, Loading& loading) {
  NameRules& names = loading.rules.names;
  for (dns::Type type : kTypes) names.types.push_back(static_cast<std::uint16_t>(type));
  if (!node) return;
  MapReader map(*node, loading.findings, "dns");
  names.names = load_name_patterns(map, loading, "names");
  names.private_names = load_name_patterns(map, loading, "private");
  load_types(map, loading, names);
  load_limits(map.find("limits"), loading, names.limits);
  map.finish();
}

}  // namespace chaperone::policy
