#include <algorithm>
#include <bitset>

#include "sidecar/policy/judge.h"
#include "sidecar/policy/limits.h"

namespace chaperone::policy {
namespace {

// Asks each guard at most once for one command.
class Asked {
 public:
  Asked(const Rules& rules, const Command* command, std::int64_t now_s)
      : rules_(rules), command_(command), now_s_(now_s) {}

  bool met(const Clause& clause) {
    if (clause.guard >= 0 && !guard_holds(clause.guard)) return false;
    return std::none_of(clause.nots.begin(), clause.nots.end(),
                        [&](std::int32_t guard) { return guard_holds(guard); });
  }

  // The first that is met, or null.
  const Clause* first(const std::vector<Clause>& clauses) {
    auto found = std::find_if(clauses.begin(), clauses.end(),
                              [&](const Clause& clause) { return met(clause); });
    return found == clauses.end() ? nullptr : &*found;
  }

 private:
  bool guard_holds(std::int32_t guard) {
    auto index = static_cast<std::size_t>(guard);
    if (!known_[index]) {
      known_[index] = true;
      CHECK(command_);
      held_[index] = holds(rules_.guards[index], *command_, now_s_);
    }
    return held_[index];
  }

  const Rules& rules_;
  const Command* command_;
  std::int64_t now_s_;
  std::bitset<kGuardsMax> known_, held_;
};

void name_rule(const Rules& rules, std::uint32_t index, Decision& decision) {
  decision.rule_index = index;
  if (index == 0) {
    decision.rule = "default";
    return;
  }
  const Rule& rule = rules.rules[index - 1];
  decision.rule = rule.name;
  decision.reason = rule.reason;
  decision.hint = rule.hint;
}

void refuse(const Rules& rules, Verdict verdict, std::uint32_t rule, Decision& decision) {
  decision.verdict = decision.would_be = verdict;
  name_rule(rules, rule, decision);
}

void refuse_by_default(const Rules& rules, const Need& need, Decision& decision) {
  refuse(rules, Verdict::kDeny, 0, decision);
  bool own_words = !rules.default_reason.empty();
  if (!own_words) decision.note = need.reason;
  decision.reason = own_words ? rules.default_reason : *need.reason;
  decision.hint = rules.default_hint;
}

bool is_hold(const Rules& rules, std::uint32_t index) {
  return index != 0 && rules.rules[index - 1].action == Action::kHold;
}

// What the rules say, observe lines left aside.
void decide_strictly(const Rules& rules, const Judgement& judgement, Asked& asked,
                     Decision& decision) {
  if (const Clause* clause = asked.first(judgement.denies)) {
    return refuse(rules, Verdict::kDeny, clause->rule, decision);
  }
  std::uint32_t rule = judgement.allow_rule, granting = 0;
  for (const Need& need : judgement.needs) {
    const Clause* clause = asked.first(need.covers);
    if (!clause) return refuse_by_default(rules, need, decision);
    if (is_hold(rules, clause->rule)) {
      if (granting == 0) granting = clause->rule;
    } else if (need.covers.front().rule == judgement.allow_rule) {
      rule = clause->rule;
    }
  }
  if (const Clause* clause = asked.first(judgement.doubts)) {
    return refuse(rules, Verdict::kDeny, clause->rule, decision);
  }
  if (const Clause* clause = asked.first(judgement.holds)) granting = clause->rule;
  if (granting != 0) return refuse(rules, Verdict::kHold, granting, decision);
  decision.verdict = decision.would_be = Verdict::kAllow;
  name_rule(rules, rule, decision);
}

bool is_observed(const Judgement& judgement, Asked& asked) {
  if (judgement.observe) return true;
  return judgement.watchable &&
         std::all_of(judgement.watches.begin(), judgement.watches.end(),
                     [&](const Need& need) { return asked.first(need.covers) != nullptr; });
}

void tell_trials(const Rules& rules, const Judgement& judgement, Asked& asked, Decision& decision) {
  const Clause* deny = asked.first(judgement.trial_denies);
  const Clause* clause = deny ? deny : asked.first(judgement.trial_holds);
  if (!clause) return;
  name_rule(rules, clause->rule, decision);
  decision.would_be = deny ? Verdict::kDeny : Verdict::kHold;
  decision.observed = true;
}

}  // namespace

Decision conclude(const Rules& rules, const Judgement& judgement, const Command* command,
                  std::int64_t now_s) {
  Asked asked(rules, command, now_s);
  Decision decision;
  decision.durability = judgement.durability;
  decide_strictly(rules, judgement, asked, decision);
  if (decision.verdict == Verdict::kAllow) {
    tell_trials(rules, judgement, asked, decision);
  } else if (is_observed(judgement, asked)) {
    decision.verdict = Verdict::kAllow;
    decision.observed = true;
  }
  return decision;
}

}  // namespace chaperone::policy
