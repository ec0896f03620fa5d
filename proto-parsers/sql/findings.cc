#include "proto-parsers/sql/findings.h"

#include "proto-parsers/sql/limits.h"

namespace chaperone::sql {

bool Findings::has_room() {
  if (objects_.size() + columns_.size() + functions_.size() < kNamesMax) return true;
  unknown("it names more than " + std::to_string(kNamesMax) + " objects");
  return false;
}

bool Findings::work() {
  if (++work_ <= kWorkMax) return true;
  unknown("it takes too many steps to understand");
  return false;
}

void Findings::object(ObjectKind kind, std::string name, EffectSet effects) {
  effects_ |= effects;
  // What is defined in the temporary schema lives as long as the session.
  if (effects.has(Effect::kDefine) && name.starts_with("pg_temp"))
    flags.leaves_session_state = true;
  if (work() && has_room()) objects_[{kind, std::move(name)}] |= effects;
}

void Findings::column(std::string_view table, std::string_view name, EffectSet effects) {
  if (table.empty() || !work() || !has_room()) return;
  columns_[{std::string(table), std::string(name)}] |= effects;
}

void Findings::function(std::string name) {
  if (has_room()) functions_.insert(std::move(name));
}

void Findings::unknown(std::string because) {
  if (unknown_because_.empty()) unknown_because_ = std::move(because);
  effects_ |= Effect::kUnknown;
}

void Findings::merge(const Findings& other, EffectSet only, EffectSet as) {
  auto limited = [&](EffectSet effects) {
    EffectSet kept = EffectSet::from_bits(effects.bits() & only.bits());
    return effects.within(only) ? kept : kept | as;
  };
  effects_ |= limited(other.effects_);
  work_ += other.work_;
  for (const auto& [key, effects] : other.objects_) {
    if (!limited(effects).empty()) object(key.first, key.second, limited(effects));
  }
  for (const auto& [key, effects] : other.columns_) {
    EffectSet kept = limited(effects);
    if (kept.intersects(Effect::kRead | Effect::kWrite)) column(key.first, key.second, kept);
  }
  if (only.has(Effect::kRunCode))
    functions_.insert(other.functions_.begin(), other.functions_.end());
  if (other.is_unknown() && only.has(Effect::kUnknown)) unknown(other.unknown_because_);
  if (other.unbounded_change_ && only.has(Effect::kWrite)) unbounded_change_ = true;
}

Statement Findings::statement() const {
  Statement made;
  made.verb = verb;
  made.effects = effects_;
  for (const auto& [key, effects] : objects_)
    made.objects.push_back({key.first, key.second, effects});
  for (const auto& [key, effects] : columns_)
    made.columns.push_back({key.first, key.second, effects});
  made.functions.assign(functions_.begin(), functions_.end());
  made.row_bound = unbounded_change_ ? RowBound::kUnbounded : row_bound;
  made.limit = limit;
  made.unknown_because = unknown_because_;
  return made;
}

}  // namespace chaperone::sql
