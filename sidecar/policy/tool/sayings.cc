#include <algorithm>
#include <array>

#include "sidecar/policy/match.h"
#include "sidecar/policy/tool/judged.h"

namespace chaperone::policy_tool {
namespace {

using policy::Act;
using policy::Match;
using policy::Rule;

// The rules' own functions ask again here, one rule at a time, where judge() stops at the first
// answer that settles things.
struct Place {
  const policy::Rules& rules;
  const policy::Resource& resource;
  const Subject& subject;
  const Command& command;
  std::int64_t now_s;
};

bool guard_holds(const Place& place, const Match& match) {
  return match.guard < 0 || policy::holds(place.rules.guards[static_cast<std::size_t>(match.guard)],
                                          place.command, place.now_s);
}

void add_once(std::vector<std::string>& acts, const Act& act) {
  std::string text = policy::describe(act);
  if (std::find(acts.begin(), acts.end(), text) == acts.end()) acts.push_back(std::move(text));
}

// Sees one statement after another and remembers what the rule made of it.
class Listener {
 public:
  Listener(const Place& place, const Rule& rule, Saying& saying)
      : place_(place), rule_(rule), saying_(saying) {}

  void hear(const Statement& statement) {
    auto acts =
        rule_.lets_pass() ? policy::acts_of(statement) : policy::acts_for(rule_.match, statement);
    for (const Act& act : acts) hear(statement, act);
  }

  void conclude() {
    bool spoke = !saying_.acts.empty();
    bool guarded = rule_.match.guard >= 0;
    if (!spoke) {
      saying_.kind = aside_ ? Saying::Kind::kAside : Saying::Kind::kSilent;
    } else if (guarded) {
      saying_.kind = Saying::Kind::kDepends;
      saying_.holds = guard_holds(place_, rule_.match);
    } else {
      bool partly = rule_.lets_pass() && !saying_.missed.empty();
      saying_.kind = partly ? Saying::Kind::kCovers : Saying::Kind::kSpeaks;
    }
  }

 private:
  void hear(const Statement& statement, const Act& act) {
    std::size_t statements = place_.command.meaning->statements.size();
    bool fits = policy::fits(rule_.match, statement, statements, act);
    bool excepted =
        fits && std::any_of(rule_.except.begin(), rule_.except.end(), [&](const Match& except) {
          return in_scope(except, place_.subject, place_.resource.index) &&
                 policy::fits(except, statement, statements, act) && guard_holds(place_, except);
        });
    aside_ |= excepted;
    if (fits && !excepted) add_once(saying_.acts, act);
    if (rule_.lets_pass() && (!fits || excepted)) add_once(saying_.missed, act);
  }

  const Place& place_;
  const Rule& rule_;
  Saying& saying_;
  bool aside_ = false;
};

}  // namespace

std::string_view name_of(Saying::Kind kind) {
  constexpr std::array<std::string_view, 6> kNames = {"elsewhere", "silent", "aside",
                                                      "speaks",    "covers", "depends"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::vector<Saying> sayings_of(const policy::Policy& policy, const policy::Resource& resource,
                               const Subject& subject, const Command& command, std::int64_t now_s) {
  std::vector<Saying> sayings;
  Place place{policy.rules(), resource, subject, command, now_s};
  for (const Rule& rule : policy.rules().rules) {
    Saying saying;
    saying.rule = &rule;
    if (in_scope(rule.match, subject, resource.index)) {
      Listener listener(place, rule, saying);
      for (const Statement& statement : command.meaning->statements) listener.hear(statement);
      listener.conclude();
    } else {
      saying.kind = Saying::Kind::kElsewhere;
    }
    sayings.push_back(std::move(saying));
  }
  return sayings;
}

}  // namespace chaperone::policy_tool
