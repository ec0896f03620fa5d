#include "sidecar/policy/loader.h"

#include "audit/crypto.h"
#include "sidecar/config/limits.h"
#include "sidecar/policy/loading.h"

namespace chaperone::policy {
namespace {

std::string digest_of(const config::Node& root) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  for (std::uint8_t byte : audit::sha256(as_bytes(config::canonical_form(root)))) {
    hex += kDigits[byte >> 4];
    hex += kDigits[byte & 15];
  }
  return hex;
}

// Resources and subjects before the rules that name them, whatever their order in the file.
void load_root(const config::Node& root, Loading& loading) {
  config::MapReader map(root, loading.findings, "the policy");
  std::int64_t version = 1;
  if (map.require("version")) map.integer("version", version, 1, 1);
  map.text("revision", loading.rules.revision);
  map.flag("observe", loading.rules.observe);
  load_resources(map.find("resources"), loading);
  load_subjects(map.find("subjects"), loading);
  load_rules(map.find("rules"), loading);
  load_defaults(map.find("defaults"), loading);
  load_names(map.find("dns"), loading);
  map.finish();
}

// Who tries "observe before enforce" on a running pod must not break what nobody has named yet.
void add_unnamed(Rules& rules) {
  Resource resource;
  resource.name = "unnamed";
  resource.protocol = Protocol::kOpaque;
  resource.everywhere = true;
  resource.index = static_cast<std::uint32_t>(rules.resources.size());
  rules.resources.push_back(std::move(resource));
}

}  // namespace

Result<std::shared_ptr<const Policy>> parse_policy(std::string_view text, const std::string& file) {
  config::Findings findings(file);
  auto rules = std::make_unique<Rules>();
  auto root = config::parse_yaml(text, findings);
  if (root) {
    Loading loading{findings, *rules, {}};
    load_root(*root, loading);
    if (rules->observe) add_unnamed(*rules);
    rules->file = file;
    rules->digest = digest_of(*root);
  }
  if (!findings.empty()) return findings.to_error();
  return std::make_shared<const Policy>(std::move(rules));
}

Result<std::shared_ptr<const Policy>> load_policy(const std::string& path) {
  auto text = config::read_file(path, config::kYamlBytesMax);
  if (!text) return text.error();
  return parse_policy(*text, path);
}

}  // namespace chaperone::policy
