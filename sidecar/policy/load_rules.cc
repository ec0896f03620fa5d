#include <algorithm>
#include <array>

#include "sidecar/policy/limits.h"
#include "sidecar/policy/loading.h"

namespace chaperone::policy {
namespace {

using config::MapReader;
using config::Node;

constexpr std::array<std::string_view, 4> kActions = {"allow", "hold", "deny", "observe"};
constexpr std::array<std::string_view, 3> kDurabilities = {"process", "disk", "collector"};
constexpr std::string_view kHoldNote =
    "needs a person's approval, which this version cannot ask for yet, so it is refused";

Reading other(Reading reading) {
  return reading == Reading::kBroad ? Reading::kNarrow : Reading::kBroad;
}

// Every word of a match but scope: an except without any would silence its rule for ever.
bool asks_something(const Match& match) {
  return !match.is_blanket() || match.guard >= 0 || !match.subjects.empty() ||
         !match.resources.empty();
}

void load_excepts(MapReader& map, Loading& loading, Rule& rule) {
  const Node* node = map.find("except");
  if (!node) return;
  std::vector<Node> items = config::read_list(*node, loading.findings, "except");
  if (items.size() > kExceptsMax) {
    map.add(*node, "more than " + std::to_string(kExceptsMax) + " under except");
  }
  for (const Node& item : items) {
    rule.except.push_back(load_match(&item, loading, other(rule.match.reading), "except"));
    if (!asks_something(rule.except.back())) {
      map.add(item, "an empty except would switch its rule off: say what steps aside");
    }
  }
}

// The same words once more, read narrowly; what is wrong with them was said the first time.
void load_grant(MapReader& map, Loading& loading, Rule& rule) {
  if (!rule.grants()) return;
  config::Findings said("");
  Loading again{said, loading.rules, loading.subjects};
  rule.grant = load_match(map.find("match"), again, Reading::kNarrow, "match");
  if (const Node* except = map.find("except")) {
    for (const Node& item : config::as_list(*except)) {
      rule.grant_except.push_back(load_match(&item, again, Reading::kBroad, "except"));
    }
  }
  // The one finding that can be new: a guard lost to their bound would leave the grant unguarded.
  if (loading.rules.guards.size() == kGuardsMax) {
    loading.findings.add(map.at(), "no room for the guards of this hold: at most " +
                                       std::to_string(kGuardsMax) + " in one policy");
  }
}

void load_action(MapReader& map, Rule& rule) {
  auto action = static_cast<std::size_t>(Action::kDeny);
  map.require("action");
  map.word("action", kActions, action);
  rule.action = static_cast<Action>(action);
}

void load_trial(MapReader& map, Rule& rule) {
  map.flag("observe", rule.trial);
  if (!rule.trial || !rule.lets_pass()) return;
  rule.trial = false;
  map.add(*map.find("observe"),
          "observe: true is for deny and hold; to let all that a rule covers "
          "pass and be told, write 'action: observe'");
}

void load_rule_durability(MapReader& map, Rule& rule) {
  std::size_t index = 0;
  if (!map.word("durability", kDurabilities, index)) return;
  rule.durability = static_cast<Durability>(index);
  if (rule.action != Action::kAllow) {
    map.add(*map.find("durability"), "durability is for rules that allow");
  }
}

void finish_words(Rule& rule) {
  if (rule.action == Action::kHold) {
    rule.reason += (rule.reason.empty() ? "" : "; ") + std::string(kHoldNote);
  } else if (rule.action == Action::kDeny && rule.reason.empty()) {
    rule.reason = "denied by rule " + rule.name;
  }
}

void load_rule(const Node& node, Loading& loading) {
  MapReader map(node, loading.findings, "rule");
  Rule rule;
  rule.line = node.at.line;
  rule.name = load_name(map, loading, "rule");
  load_action(map, rule);
  Reading reading = rule.lets_pass() ? Reading::kNarrow : Reading::kBroad;
  rule.match = load_match(map.find("match"), loading, reading, "match");
  load_excepts(map, loading, rule);
  load_trial(map, rule);
  load_grant(map, loading, rule);
  load_words(map, loading, "reason", rule.reason);
  load_words(map, loading, "hint", rule.hint);
  load_rule_durability(map, rule);
  map.finish();
  finish_words(rule);
  if (rule.name == "default") map.add(node, "the name 'default' is taken by what no rule covers");
  const auto& rules = loading.rules.rules;
  bool twice = std::any_of(rules.begin(), rules.end(),
                           [&](const Rule& other) { return other.name == rule.name; });
  if (twice && !rule.name.empty()) map.add(node, "the rule '" + rule.name + "' is here twice");
  rule.index = static_cast<std::uint32_t>(rules.size() + 1);
  loading.rules.rules.push_back(std::move(rule));
}

void load_durabilities(const Node* node, Loading& loading) {
  if (!node) return;
  MapReader map(*node, loading.findings, "durability");
  for (int i = 0; i < kEffectCount; ++i) {
    std::size_t index = 0;
    if (!map.word(name_of(static_cast<Effect>(i)), kDurabilities, index)) continue;
    loading.rules.durability[static_cast<std::size_t>(i)] = static_cast<Durability>(index);
  }
  map.finish();
}

}  // namespace

std::string load_name(MapReader& map, Loading& loading, std::string_view what) {
  const Node* node = map.require("name");
  std::string name;
  if (!node || !map.text("name", name)) return {};
  auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
  };
  bool valid =
      !name.empty() && name.size() <= kNameBytesMax && std::all_of(name.begin(), name.end(), fits);
  if (valid) return name;
  loading.findings.add(node->at, std::string(what) + " name " + config::quote(name) +
                                     ": use letters, digits, '_', '-' and '.', at most " +
                                     std::to_string(kNameBytesMax));
  return {};
}

void load_words(MapReader& map, Loading& loading, std::string_view key, std::string& out) {
  if (!map.text(key, out)) return;
  bool one_line = std::all_of(out.begin(), out.end(),
                              [](char c) { return static_cast<unsigned char>(c) >= 0x20; });
  if (out.size() <= kReasonBytesMax && one_line) return;
  loading.findings.add(map.find(key)->at, std::string(key) + " must be one line of at most " +
                                              std::to_string(kReasonBytesMax) + " bytes");
}

void load_rules(const Node* node, Loading& loading) {
  if (!node || node->kind == Node::Kind::kNull) return;
  if (node->kind != Node::Kind::kSequence) {
    return loading.findings.add(node->at, "rules must be a list ('- name: ...')");
  }
  if (node->items.size() > kRulesMax) {
    return loading.findings.add(node->at, "more than " + std::to_string(kRulesMax) + " rules");
  }
  for (const Node& item : node->items) load_rule(item, loading);
}

void load_defaults(const Node* node, Loading& loading) {
  Rules& rules = loading.rules;
  rules.durability.fill(Durability::kDisk);
  for (Effect effect : {Effect::kRead, Effect::kDescribe, Effect::kTransaction}) {
    rules.durability[static_cast<std::size_t>(effect)] = Durability::kProcess;
  }
  if (!node || node->kind == Node::Kind::kNull) return;
  MapReader map(*node, loading.findings, "defaults");
  static constexpr std::array<std::string_view, 2> kDefaultActions = {"deny", "allow"};
  std::size_t action = 0;
  map.word("action", kDefaultActions, action);
  rules.default_allow = action == 1;
  load_words(map, loading, "reason", rules.default_reason);
  load_words(map, loading, "hint", rules.default_hint);
  load_durabilities(map.find("durability"), loading);
  map.finish();
}

}  // namespace chaperone::policy
