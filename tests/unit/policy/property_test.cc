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

  std::string something() {
    switch (below(6)) {
      case 0:
        return "effects: [" + one(kEffects) + ", " + one(kEffects) + "]";
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
