#include "sidecar/policy/decision.h"

#include <array>

#include "sidecar/policy/rules.h"

namespace chaperone::policy {

std::string_view name_of(Verdict verdict) {
  constexpr std::array<std::string_view, 3> kNames = {"allow", "hold", "deny"};
  return kNames[static_cast<std::size_t>(verdict)];
}

std::string_view name_of(Durability durability) {
  constexpr std::array<std::string_view, 3> kNames = {"process", "disk", "collector"};
  return kNames[static_cast<std::size_t>(durability)];
}

std::string_view name_of(Action action) {
  constexpr std::array<std::string_view, 4> kNames = {"allow", "hold", "deny", "observe"};
  return kNames[static_cast<std::size_t>(action)];
}

}  // namespace chaperone::policy
