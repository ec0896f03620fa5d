#include <algorithm>

#include "sidecar/policy/match.h"

namespace chaperone::policy {
namespace {

// These are done to the very object that carries them; all others concern a statement as a whole.
constexpr EffectSet kOwnEffects = Effect::kRead | Effect::kWrite | Effect::kDelete |
                                  Effect::kDefine | Effect::kDrop | Effect::kGrant | Effect::kLock |
                                  Effect::kMaintain;

template <class Use>
void each(EffectSet effects, Use use) {
  for (int i = 0; i < kEffectCount; ++i) {
    auto effect = static_cast<Effect>(i);
    if (effects.has(effect)) use(effect);
  }
}

EffectSet without(EffectSet effects, EffectSet gone) {
  return EffectSet::from_bits(effects.bits() & ~gone.bits());
}

// An object without effects was not told apart: all of the statement's.
EffectSet own(const Object& object, const Statement& statement) {
  return object.effects.empty() ? statement.effects : object.effects;
}
EffectSet own(const Column& column) {
  return column.effects.empty() ? Effect::kRead | Effect::kWrite : column.effects;
}

EffectSet carried(const Statement& statement) {
  EffectSet all;
  for (const Object& object : statement.objects) all |= own(object, statement);
  return all;
}

// A statement without a single effect was not understood.
bool is_unknown(const Statement& statement) {
  return statement.effects.has(Effect::kUnknown) || statement.effects.empty();
}

// Effects that a broad reading lays on every object: those of the whole, and those that no object
// carries although they are done to objects.
EffectSet spread(const Statement& statement) {
  return without(statement.effects,
                 EffectSet::from_bits(kOwnEffects.bits() & carried(statement).bits()));
}

// What a broad reading takes as done to the object. A drop that reaches what is not named may take a
// part of it (a column, a constraint), which is a change of the whole.
EffectSet broad(const Object& object, const Statement& statement, const Match& match) {
  EffectSet effects = own(object, statement);
  if (!is_any_object(object)) return effects;
  if (effects.has(Effect::kDrop)) effects |= Effect::kDefine;
  bool by_column = !match.columns.empty() && effects.intersects(Effect::kDefine);
  return by_column ? effects | Effect::kWrite : effects;
}

void add_unknown(std::vector<Act>& acts, const Statement& statement) {
  if (is_unknown(statement)) acts.push_back({.effect = Effect::kUnknown});
}

// A call may show as a function's name, as an object that runs code, or as both.
void add_calls(std::vector<Act>& acts, const Statement& statement) {
  for (const std::string& function : statement.functions) {
    each(statement.effects,
         [&](Effect effect) { acts.push_back({.effect = effect, .function = &function}); });
  }
  for (const Object& object : statement.objects) {
    if (object.kind != ObjectKind::kFunction || !object.effects.has(Effect::kRunCode)) continue;
    const auto& functions = statement.functions;
    if (std::find(functions.begin(), functions.end(), object.name) != functions.end()) continue;
    each(object.effects,
         [&](Effect effect) { acts.push_back({.effect = effect, .object = &object}); });
  }
}

}  // namespace

std::vector<Act> acts_of(const Statement& statement) {
  std::vector<Act> acts;
  add_unknown(acts, statement);
  EffectSet unnamed = without(without(statement.effects, carried(statement)), Effect::kUnknown);
  each(unnamed, [&](Effect effect) { acts.push_back({.effect = effect}); });
  for (const Object& object : statement.objects) {
    each(own(object, statement),
         [&](Effect effect) { acts.push_back({.effect = effect, .object = &object}); });
  }
  for (const Column& column : statement.columns) {
    each(own(column),
         [&](Effect effect) { acts.push_back({.effect = effect, .column = &column}); });
  }
  return acts;
}

std::vector<Act> acts_for(const Match& match, const Statement& statement) {
  if (!match.names_things()) return acts_of(statement);
  std::vector<Act> acts;
  add_unknown(acts, statement);
  if (match.objects.empty() && match.columns.empty()) {
    add_calls(acts, statement);
    return acts;
  }
  EffectSet common = spread(statement);
  for (const Object& object : statement.objects) {
    each(broad(object, statement, match) | common,
         [&](Effect effect) { acts.push_back({.effect = effect, .object = &object}); });
  }
  for (const Column& column : statement.columns) {
    each(own(column) | common,
         [&](Effect effect) { acts.push_back({.effect = effect, .column = &column}); });
  }
  return acts;
}

std::string describe(const Act& act) {
  std::string text(name_of(act.effect));
  if (act.object && is_any_object(*act.object)) return text + " on objects that it does not name";
  if (act.object)
    return text + " on " + std::string(name_of(act.object->kind)) + " " + act.object->name;
  if (act.column) return text + " on column " + act.column->table + "." + act.column->name;
  if (act.function) return text + " by function " + *act.function;
  return text;
}

}  // namespace chaperone::policy
