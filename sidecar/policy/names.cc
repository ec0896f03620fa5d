#include "sidecar/policy/names.h"

#include <algorithm>

#include "sidecar/policy/policy.h"
#include "sidecar/policy/rules.h"

namespace chaperone::policy {
namespace {

bool is_wildcard(const NamePattern& pattern) { return pattern.starts_with("*."); }

const NamePattern* fitting(const std::vector<NamePattern>& patterns, std::string_view name) {
  const auto found = std::find_if(patterns.begin(), patterns.end(), [name](const NamePattern& p) {
    return name_fits(p, name);
  });
  return found == patterns.end() ? nullptr : &*found;
}

NameVerdict allowed_by(const NamePattern& pattern, std::string_view rule) {
  NameVerdict verdict{true, false, rule, {}};
  if (is_wildcard(pattern)) verdict.zone = std::string_view(pattern).substr(2);
  return verdict;
}

bool holds(const Resource& resource, const std::array<std::uint8_t, 16>& address) {
  return std::any_of(resource.addresses.begin(), resource.addresses.end(),
                     [&](const Cidr& range) { return contains(range, address); });
}

bool names(const Resource& resource, std::string_view name) {
  return fitting(resource.hosts, name) || fitting(resource.sni, name);
}

}  // namespace

bool name_fits(const NamePattern& pattern, std::string_view name) {
  if (!is_wildcard(pattern)) return pattern == name;
  const std::string_view tail = std::string_view(pattern).substr(1);
  return name.size() > tail.size() && name.ends_with(tail);
}

// Names that are written out go first: nothing need be counted for them.
NameVerdict Policy::name_verdict(std::string_view name) const {
  NameVerdict wide;
  const auto consider = [&](const std::vector<NamePattern>& patterns, std::string_view rule) {
    const NamePattern* pattern = fitting(patterns, name);
    if (!pattern) return false;
    const NameVerdict verdict = allowed_by(*pattern, rule);
    if (verdict.zone.empty() || !wide.allowed) wide = verdict;
    return verdict.zone.empty();
  };
  for (const Resource& resource : rules_->resources) {
    if (consider(resource.hosts, resource.name) || consider(resource.sni, resource.name)) return wide;
  }
  if (consider(rules_->names.names, "dns.names") || wide.allowed) return wide;
  return rules_->observe ? NameVerdict{true, true, "observe", {}} : NameVerdict{};
}

bool Policy::type_allowed(std::uint16_t type) const {
  const auto& types = rules_->names.types;
  return std::find(types.begin(), types.end(), type) != types.end();
}

const NameLimits& Policy::name_limits() const { return rules_->names.limits; }

bool Policy::address_allowed(std::string_view name, const std::array<std::uint8_t, 16>& address,
                             bool is_private) const {
  const bool placed =
      std::any_of(rules_->resources.begin(), rules_->resources.end(), [&](const Resource& resource) {
        return names(resource, name) && holds(resource, address);
      });
  return placed || (is_private && fitting(rules_->names.private_names, name) != nullptr);
}

const Resource* Policy::resource_by_name(std::string_view name, std::uint16_t port) const {
  for (const Resource& resource : rules_->resources) {
    const bool on_port =
        std::find(resource.ports.begin(), resource.ports.end(), port) != resource.ports.end();
    if (on_port && resource.sni.empty() && fitting(resource.hosts, name)) return &resource;
  }
  return nullptr;
}

}  // namespace chaperone::policy
