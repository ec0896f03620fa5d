#include <algorithm>
#include <array>

#include "proto-parsers/core/verbs.h"
#include "sidecar/policy/limits.h"
#include "sidecar/policy/loading.h"

namespace chaperone::policy {
namespace {

using config::MapReader;
using config::Node;

constexpr EffectSet kEveryEffect = EffectSet::from_bits((1u << kEffectCount) - 1);
constexpr EffectSet kAnyEffect =  // what the word "any" stands for
    EffectSet::from_bits(kEveryEffect.bits() & ~EffectSet(Effect::kUnknown).bits());
constexpr std::array<std::string_view, 3> kRowBounds = {"not_applicable", "bounded", "unbounded"};
constexpr std::array<std::string_view, 5> kRisks = {"none", "low", "medium", "high", "critical"};

template <class Keep>
EffectSet effects_where(Keep keep) {
  EffectSet effects;
  for (int i = 0; i < kEffectCount; ++i) {
    if (keep(static_cast<Effect>(i))) effects |= static_cast<Effect>(i);
  }
  return effects;
}

void load_effect_words(const Node& node, Loading& loading, Match& match) {
  std::vector<std::string_view> words;
  for (int i = 0; i < kEffectCount; ++i) words.push_back(name_of(static_cast<Effect>(i)));
  words.push_back("any");
  match.effects = {};
  for (const Node& item : config::read_list(node, loading.findings, "effects")) {
    auto index = config::read_word(item, loading.findings, "an effect", words);
    if (!index) continue;
    bool any = *index + 1 == words.size();
    match.effects |= any ? kAnyEffect : EffectSet(static_cast<Effect>(*index));
  }
}

void keep_only(Match& match, EffectSet kept) {
  match.effects = EffectSet::from_bits(match.effects.bits() & kept.bits());
  match.asks_effects = true;
}

// Without a word about effects a refusing match means all, a passing one all but unknown.
void load_effects(MapReader& map, Loading& loading, Match& match) {
  const std::size_t findings = loading.findings.count();
  match.effects = match.reading == Reading::kBroad ? kEveryEffect : kAnyEffect;
  if (const Node* node = map.find("effects")) {
    match.asks_effects = true;
    load_effect_words(*node, loading, match);
  }
  std::size_t index = 0;
  if (const Node* node = map.find("risk"); node && map.word("risk", kRisks, index)) {
    keep_only(match,
              effects_where([&](Effect e) { return risk_of(e) >= static_cast<Risk>(index); }));
    if (match.reading == Reading::kNarrow) {
      map.add(*node, "risk means 'at least': where something is let pass, write risk_at_most");
    }
  }
  if (map.word("risk_at_most", kRisks, index)) {
    keep_only(match,
              effects_where([&](Effect e) { return risk_of(e) <= static_cast<Risk>(index); }));
  }
  if (match.effects.empty() && loading.findings.count() == findings) {
    map.add(*map.find(map.find("risk") ? "risk" : "risk_at_most"),
            "no effect is left that all of this speaks of: it would never fit");
  }
}

void load_resource_names(MapReader& map, Loading& loading, Match& match) {
  const Node* node = map.find("resources");
  if (!node) return;
  const auto& resources = loading.rules.resources;
  std::vector<std::string_view> names;
  for (const Resource& resource : resources) names.push_back(resource.name);
  for (const Node& item : config::read_list(*node, loading.findings, "resources")) {
    auto text = config::read_text(item, loading.findings, "a resource");
    if (!text) continue;
    Glob glob(*text);
    bool found = false;
    for (const Resource& resource : resources) {
      if (!glob.matches(resource.name)) continue;
      match.resources.push_back(resource.index);
      found = true;
    }
    if (found) continue;
    loading.findings.add(item.at, "no resource is named " + config::quote(*text),
                         config::nearest_word(*text, names));
  }
}

// A verb that no statement has would keep its rule silent for ever.
void check_verb(const Node& node, Loading& loading, const Glob& verb, Reading reading) {
  auto fits = [](const Glob& glob) {
    return std::any_of(verbs().begin(), verbs().end(),
                       [&](std::string_view word) { return glob.matches(word); });
  };
  if (fits(verb)) return;
  bool begins = fits(Glob(verb.pattern() + " *"));
  if (begins && reading == Reading::kBroad) return;
  loading.findings.add(node.at,
                       begins ? "no statement has the verb " + config::quote(verb.pattern()) +
                                    " alone: where something is let pass, write " +
                                    config::quote(verb.pattern() + " *")
                              : "no statement has the verb " + config::quote(verb.pattern()),
                       begins ? "" : config::nearest_word(verb.pattern(), verbs()));
}

void load_verbs(MapReader& map, Loading& loading, Match& match) {
  const Node* node = map.find("verbs");
  if (!node) return;
  for (const Node& item : config::read_list(*node, loading.findings, "verbs")) {
    auto upper = config::read_text(item, loading.findings, "a verb");
    if (!upper) continue;
    std::transform(upper->begin(), upper->end(), upper->begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c & ~0x20) : c; });
    match.verbs.emplace_back(*upper);
    check_verb(item, loading, match.verbs.back(), match.reading);
  }
}

void load_bounds(MapReader& map, Loading& loading, Match& match) {
  if (const Node* node = map.find("row_bound")) {
    for (const Node& item : config::read_list(*node, loading.findings, "row_bound")) {
      auto index = config::read_word(item, loading.findings, "row_bound", kRowBounds);
      if (index) match.row_bounds = static_cast<std::uint8_t>(match.row_bounds | 1u << *index);
    }
  }
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  std::int64_t number = 0;
  if (map.integer("limit_above", number, 0, kMax)) match.limit_above = number;
  if (map.integer("limit_at_most", number, 0, kMax)) match.limit_at_most = number;
  if (match.limit_above && match.limit_at_most && *match.limit_above >= *match.limit_at_most) {
    map.add(*map.find("limit_above"), "no limit is above this and within limit_at_most");
  }
  if (map.integer("statements_above", number, 0, 1000000)) {
    match.statements_above = static_cast<std::size_t>(number);
  }
}

}  // namespace

std::vector<Glob> load_globs(MapReader& map, Loading& loading, std::string_view key) {
  std::vector<Glob> globs;
  const Node* node = map.find(key);
  if (!node) return globs;
  for (const Node& item : config::read_list(*node, loading.findings, key)) {
    auto text = config::read_text(item, loading.findings, key);
    if (text) globs.emplace_back(*text);
  }
  if (globs.size() > kPatternsMax) {
    loading.findings.add(node->at, "more than " + std::to_string(kPatternsMax) + " patterns");
  }
  return globs;
}

Match load_match(const Node* node, Loading& loading, Reading reading, std::string_view what) {
  static const Node kNothing{};
  Match match;
  match.reading = reading;
  MapReader map(node ? *node : kNothing, loading.findings, what);
  if (const Node* subject = map.find("subject")) {
    match.subjects = load_subject_tests(*subject, loading);
  }
  load_resource_names(map, loading, match);
  load_effects(map, loading, match);
  load_verbs(map, loading, match);
  load_things(map, loading, match);
  load_bounds(map, loading, match);
  load_guard(map, loading, match);
  map.finish();
  return match;
}

}  // namespace chaperone::policy
