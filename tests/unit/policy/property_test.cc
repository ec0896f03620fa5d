// Laws that must hold for every policy and every command, tried on a few thousand drawn from a
// fixed seed: the strictest wins, order does not matter, and adding a deny never loosens.

#include <algorithm>
#include <random>

#include "tests/unit/policy/builder.h"

namespace chaperone::policy {
namespace {

class Draw {
 public:
  explicit Draw(unsigned seed) : engine_(seed) {}

  std::size_t below(std::size_t bound) { return engine_() % bound; }
  bool chance(std::size_t percent) { return below(100) < percent; }
  template <class List>
  std::string one(const List& list) {
    return std::string(list[below(std::size(list))]);
  }

  std::string rule(const std::string& name, const std::string& action) {
    std::string rule = "- {name: " + name + ", action: " + action + ", match: {" + match() + "}";
    if (chance(30)) rule += ", except: {" + something() + "}";
    return rule + "}\n";
  }
  std::string any_rule(const std::string& name) {
    static constexpr const char* kActions[] = {"allow", "allow", "allow", "deny", "hold"};
    return rule(name, one(kActions));
  }

  // A rule whose match and except may hang on the text, and the same with that settled.
  struct Hanging {
    std::string open, settled;  // `settled` is empty where the rule's own guard fails
  };
  Hanging hanging(const std::string& name, bool holds) {
    static constexpr const char* kActions[] = {"allow", "allow", "allow", "deny", "hold"};
    const std::string head = "- {name: " + name + ", action: " + one(kActions) + ", match: {";
    const std::string asked = fixed(), aside = "subject: {pods: [\"*\"]}, " + fixed();
    const bool guarded = chance(50), has_except = chance(50), except_guarded = chance(50);
    const std::string text = "text: [ticket]";
    Hanging rule;
    rule.open = head + asked + (guarded ? ", " + text : "") + "}";
    if (has_except) rule.open += ", except: {" + aside + (except_guarded ? ", " + text : "") + "}";
    rule.open += "}\n";
    if (guarded && !holds) return rule;
    rule.settled = head + asked + "}";
    if (has_except && (holds || !except_guarded)) rule.settled += ", except: {" + aside + "}";
    rule.settled += "}\n";
    return rule;
  }

  Meaning meaning() {
    std::vector<Statement> statements;
    for (std::size_t i = 0, count = below(3); i < count; ++i) statements.push_back(statement());
    return meaning_of(std::move(statements));
  }

 private:
  static constexpr const char* kEffects[] = {"read", "write",    "delete",
                                             "drop", "run_code", "unknown"};
  static constexpr const char* kTables[] = {"public.a", "public.b", "secret.a", "a"};
  static constexpr const char* kGlobs[] = {"public.a", "\"public.*\"", "\"*.a\"", "secret.a"};
  static constexpr const char* kColumns[] = {"x", "y", "*"};
  static constexpr const char* kVerbs[] = {"SELECT", "DROP TABLE"};

  static std::string effects(const std::string& first, const std::string& second) {
    return "effects: [" + first + (first == second ? "" : ", " + second) + "]";
  }
  // Something that does not hang on the command in hand.
  std::string fixed() {
    for (;;) {
      std::string drawn = something();
      if (drawn.find("text") == std::string::npos) return drawn;
    }
  }
  std::string something() {
    switch (below(6)) {
      case 0:
        return effects(one(kEffects), one(kEffects));
      case 1:
        return "objects: [" + one(kGlobs) + "]";
      case 2:
        return "columns: [public.a.x, \"*.a.y\"]";
      case 3:
        return "functions: [public.f]";
      case 4:
        return "text: [ticket]";
      default:
        return "verbs: [SELECT]";
    }
  }
  std::string match() {
    std::string first = something(), second = something();
    if (chance(30)) return "";
    // Columns have no other effects.
    if (second.starts_with("columns") && first.starts_with("effects"))
      first = effects("read", "write");
    if (first.starts_with("columns") && second.starts_with("effects"))
      second = effects("read", "write");
    bool same = first.substr(0, 4) == second.substr(0, 4);
    return same || chance(50) ? first : first + ", " + second;
  }
  Effect effect() { return *effect_from(one(kEffects)); }
  Statement statement() {
    Statement made;
    made.verb = one(kVerbs);
    made.effects = effect();
    for (std::size_t i = 0, count = below(3); i < count; ++i) {
      Effect carried = effect();
      made.effects |= carried;
      made.objects.push_back(table(one(kTables), carried));
      if (chance(60))
        made.columns.push_back({made.objects.back().name, one(kColumns), Effect::kRead});
    }
    if (chance(30)) made.functions.push_back("public.f");
    return made;
  }

  std::mt19937 engine_;
};

Verdict ask(const std::vector<std::string>& rules, const Meaning& meaning, const Asking& asking) {
  std::string text = "rules:\n";
  for (const std::string& rule : rules) text += rule;
  return decide(*policy_with(text), meaning, asking).verdict;
}

TEST_CASE("property: order does not matter and a deny never loosens") {
  Draw draw(20260101);
  std::size_t allowed = 0;
  for (int round = 0; round < 3000; ++round) {
    std::vector<std::string> rules;
    for (std::size_t i = 0, count = 1 + draw.below(5); i < count; ++i) {
      rules.push_back(draw.any_rule("r" + std::to_string(i)));
    }
    Meaning meaning = draw.meaning();
    Asking asking;
    if (draw.chance(50)) asking.text = "-- ticket";
    Verdict verdict = ask(rules, meaning, asking);
    allowed += verdict == Verdict::kAllow;
    std::vector<std::string> shuffled(rules.rbegin(), rules.rend());
    CHECK(ask(shuffled, meaning, asking) == verdict);
    std::vector<std::string> stricter = rules;
    stricter.push_back(draw.rule("extra", "deny"));
    CHECK(ask(stricter, meaning, asking) >= verdict);
    std::vector<std::string> held = rules;
    held.push_back(draw.rule("extra", "hold"));
    Verdict with_hold = ask(held, meaning, asking);
    bool opened = meaning.statements.empty() && verdict == Verdict::kDeny;  // a session, no more
    CHECK((with_hold == verdict || with_hold == Verdict::kHold || opened));
    std::vector<std::string> looser = rules;
    looser.push_back(draw.rule("extra", "allow"));
    Verdict more = ask(looser, meaning, asking);
    CHECK(more <= verdict);
  }
  CHECK(allowed > 300);  // or the laws were tried on nothing
}

TEST_CASE("property: what is asked late is answered as if it had been settled before") {
  Draw draw(20260103);
  std::size_t allowed = 0;
  for (int round = 0; round < 3000; ++round) {
    bool holds = draw.chance(50);
    const std::string base = "- {name: base, action: allow, match: {effects: [listen]}}\n";
    std::vector<std::string> open = {base}, settled = {base};
    for (std::size_t i = 0, count = 1 + draw.below(5); i < count; ++i) {
      auto rule = draw.hanging("r" + std::to_string(i), holds);
      open.push_back(rule.open);
      if (!rule.settled.empty()) settled.push_back(rule.settled);
    }
    Meaning meaning = draw.meaning();
    Asking asking;
    asking.text = holds ? "-- ticket" : "-- nothing";
    Verdict verdict = ask(settled, meaning, asking);
    allowed += verdict == Verdict::kAllow;
    CHECK(ask(open, meaning, asking) == verdict);
  }
  CHECK(allowed > 300);
}

TEST_CASE("property: a batch is as strict as its strictest statement") {
  Draw draw(20260102);
  for (int round = 0; round < 1500; ++round) {
    std::vector<std::string> rules;
    for (std::size_t i = 0; i < 4; ++i) rules.push_back(draw.any_rule("r" + std::to_string(i)));
    Meaning both = draw.meaning();
    if (both.statements.size() < 2) continue;
    Verdict strictest = Verdict::kAllow;
    for (const Statement& each : both.statements) {
      strictest = std::max(strictest, ask(rules, meaning_of({each}), {}));
    }
    CHECK(ask(rules, both, {}) == strictest);
  }
}

}  // namespace
}  // namespace chaperone::policy
