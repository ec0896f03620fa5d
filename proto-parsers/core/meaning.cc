#include "proto-parsers/core/meaning.h"

#include <algorithm>
#include <array>

namespace chaperone {
namespace {

constexpr std::array<std::string_view, 19> kObjectKinds = {
    "table",    "view", "sequence",  "index",   "schema",  "database", "role",    "function",
    "trigger",  "rule", "type",      "extension", "setting", "channel",  "file",    "program",
    "publication", "large_object", "other"};
static_assert(kObjectKinds.size() == static_cast<std::size_t>(ObjectKind::kOther) + 1);

constexpr std::array<std::string_view, 3> kRowBounds = {"not_applicable", "bounded", "unbounded"};

}  // namespace

std::string_view name_of(ObjectKind kind) { return kObjectKinds[static_cast<std::size_t>(kind)]; }
std::string_view name_of(RowBound bound) { return kRowBounds[static_cast<std::size_t>(bound)]; }

std::optional<ObjectKind> object_kind_from(std::string_view name) {
  auto found = std::find(kObjectKinds.begin(), kObjectKinds.end(), name);
  if (found == kObjectKinds.end()) return std::nullopt;
  return static_cast<ObjectKind>(found - kObjectKinds.begin());
}

Object any_object(EffectSet effects) { return {ObjectKind::kOther, "*", effects}; }
bool is_any_object(const Object& object) {
  return object.kind == ObjectKind::kOther && object.name == "*";
}

}  // namespace chaperone
