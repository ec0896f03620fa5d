#include "proto-parsers/core/effects.h"

#include <algorithm>
#include <array>

namespace chaperone {
namespace {

struct EffectRow {
  std::string_view name;
  Risk risk;
};

constexpr std::array<EffectRow, kEffectCount> kEffects = {{
    {"read", Risk::kLow},
    {"write", Risk::kMedium},
    {"delete", Risk::kHigh},
    {"define", Risk::kHigh},
    {"drop", Risk::kCritical},
    {"grant", Risk::kCritical},
    {"run_code", Risk::kCritical},
    {"export", Risk::kCritical},
    {"import", Risk::kHigh},
    {"session", Risk::kLow},
    {"lock", Risk::kMedium},
    {"notify", Risk::kMedium},
    {"listen", Risk::kLow},
    {"transaction", Risk::kNone},
    {"admin", Risk::kCritical},
    {"replicate", Risk::kCritical},
    {"maintain", Risk::kMedium},
    {"describe", Risk::kLow},
    {"opaque", Risk::kCritical},
    {"unknown", Risk::kCritical},
}};

constexpr std::array<std::string_view, 5> kRisks = {"none", "low", "medium", "high", "critical"};

}  // namespace

std::string_view name_of(Effect effect) { return kEffects[static_cast<std::size_t>(effect)].name; }
std::string_view name_of(Risk risk) { return kRisks[static_cast<std::size_t>(risk)]; }
Risk risk_of(Effect effect) { return kEffects[static_cast<std::size_t>(effect)].risk; }

std::optional<Effect> effect_from(std::string_view name) {
  for (int i = 0; i < kEffectCount; ++i) {
    if (kEffects[static_cast<std::size_t>(i)].name == name) return static_cast<Effect>(i);
  }
  return std::nullopt;
}

std::optional<Risk> risk_from(std::string_view name) {
  auto found = std::find(kRisks.begin(), kRisks.end(), name);
  if (found == kRisks.end()) return std::nullopt;
  return static_cast<Risk>(found - kRisks.begin());
}

Risk risk_of(EffectSet effects) {
  Risk worst = Risk::kNone;
  for (int i = 0; i < kEffectCount; ++i) {
    auto effect = static_cast<Effect>(i);
    if (effects.has(effect)) worst = std::max(worst, risk_of(effect));
  }
  return worst;
}

std::string names_of(EffectSet effects) {
  std::string names;
  for (int i = 0; i < kEffectCount; ++i) {
    auto effect = static_cast<Effect>(i);
    if (!effects.has(effect)) continue;
    if (!names.empty()) names += ',';
    names += name_of(effect);
  }
  return names;
}

}  // namespace chaperone
