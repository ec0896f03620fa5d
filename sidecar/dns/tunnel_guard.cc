#include "sidecar/dns/tunnel_guard.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "sidecar/dns/limits.h"

namespace chaperone::dns {

namespace {

// Shorter labels are words, and words of 20 letters rarely reach 4 bits.
constexpr std::size_t kEntropyLabelBytes = 20;

const char* check_label(std::string_view label, const policy::NameLimits& limits) {
  if (label.size() > limits.label_bytes_max) return "a label longer than the policy allows";
  const bool dense = label.size() >= kEntropyLabelBytes &&
                     entropy_bits(label) > limits.entropy_bits_max;
  return dense ? "a label that looks like encoded data" : nullptr;
}

// The part of `name` that the wildcard stood for.
std::string_view below(std::string_view name, std::string_view zone) {
  return name.size() > zone.size() ? name.substr(0, name.size() - zone.size() - 1) : name;
}

}  // namespace

double entropy_bits(std::string_view text) {
  std::array<std::size_t, 256> counts{};
  for (char c : text) ++counts[static_cast<std::uint8_t>(c)];
  double bits = 0;
  for (std::size_t count : counts) {
    if (count == 0) continue;
    const double share = static_cast<double>(count) / static_cast<double>(text.size());
    bits -= share * std::log2(share);
  }
  return bits;
}

const char* TunnelGuard::ask(std::string_view name, std::string_view zone, std::uint64_t now_ms) {
  if (zone.empty()) return nullptr;
  std::string_view rest = below(name, zone);
  std::uint32_t labels = 0;
  while (!rest.empty()) {
    const std::string_view label = rest.substr(0, rest.find('.'));
    if (const char* reason = check_label(label, limits_)) return reason;
    if (++labels > limits_.labels_max) return "more labels than the policy allows";
    rest.remove_prefix(std::min(rest.size(), label.size() + 1));
  }
  return count_name(name, zone, now_ms);
}

const char* TunnelGuard::count_name(std::string_view name, std::string_view zone,
                                    std::uint64_t now_ms) {
  auto found = zones_.find(zone);
  if (found == zones_.end()) {
    // Zones come from the policy, so this is a bound and not a way to start over.
    if (zones_.size() == kZonesMax) {
      std::erase_if(zones_, [now_ms](const auto& entry) {
        return now_ms - entry.second.since_ms >= kZoneWindowMs;
      });
    }
    if (zones_.size() == kZonesMax) return "more wildcards in use within a minute than are counted";
    found = zones_.emplace(std::string(zone), Zone{now_ms, {}}).first;
  }
  Zone& counted = found->second;
  if (now_ms - counted.since_ms >= kZoneWindowMs) counted = Zone{now_ms, {}};
  const std::size_t hash = std::hash<std::string_view>()(name);
  if (counted.names.contains(hash)) return nullptr;
  if (counted.names.size() >= limits_.names_per_minute) {
    return "more different names of this zone in a minute than the policy allows";
  }
  counted.names.insert(hash);
  return nullptr;
}

const char* TunnelGuard::ask_rate(std::uint64_t now_ms) {
  const double full = limits_.queries_per_second;
  if (!started_) tokens_ = full;
  const double elapsed_s = started_ ? static_cast<double>(now_ms - refilled_ms_) / 1000 : 0;
  tokens_ = std::min(full, tokens_ + elapsed_s * full);
  refilled_ms_ = now_ms;
  started_ = true;
  if (tokens_ < 1) return "more queries in a second than the policy allows";
  tokens_ -= 1;
  return nullptr;
}

}  // namespace chaperone::dns
