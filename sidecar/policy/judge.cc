#include "sidecar/policy/judge.h"

#include <algorithm>

#include "sidecar/policy/limits.h"
#include "sidecar/policy/match.h"

namespace chaperone::policy {
namespace {

// One statement with all that judging it needs; null where the command has none.
struct Place {
  const Rules& rules;
  const Subject& subject;
  const Resource& resource;
  const Statement* statement;
  std::size_t statements;
};

void add_once(std::vector<Clause>& clauses, Clause clause) {
  std::sort(clause.nots.begin(), clause.nots.end());
  clause.nots.erase(std::unique(clause.nots.begin(), clause.nots.end()), clause.nots.end());
  if (std::find(clauses.begin(), clauses.end(), clause) == clauses.end()) {
    clauses.push_back(std::move(clause));
  }
}

// The clause with which `rule` speaks about `act`, unless an except without a guard steps in.
// `act` null: a command without statements, about which only blanket matches speak.
std::optional<Clause> clause_of(const Place& place, std::uint32_t rule, const Match& match,
                                const std::vector<Match>& excepts, const Act* act) {
  auto speaks = [&](const Match& asked) {
    if (!act) return asked.is_blanket();
    return fits(asked, *place.statement, place.statements, *act);
  };
  if (!speaks(match)) return std::nullopt;
  Clause clause{rule, match.guard, {}};
  for (const Match& except : excepts) {
    if (!in_scope(except, place.subject, place.resource.index) || !speaks(except)) continue;
    if (except.guard < 0) return std::nullopt;
    clause.nots.push_back(except.guard);
  }
  return clause;
}

std::optional<Clause> clause_for(const Place& place, const Rule& rule, const Act* act) {
  return clause_of(place, rule.index, rule.match, rule.except, act);
}

// Clauses met by doubt alone go to `doubts`.
void add_blockers(const Place& place, const Rule& rule, std::vector<Clause>& clauses,
                  std::vector<Clause>& doubts) {
  if (!place.statement) {
    if (auto clause = clause_for(place, rule, nullptr)) add_once(clauses, std::move(*clause));
    return;
  }
  for (const Act& act : acts_for(rule.match, *place.statement)) {
    auto clause = clause_for(place, rule, &act);
    if (!clause) continue;
    bool doubtful = fits_by_doubt(rule.match, act);
    bool settles = clause->always() && !doubtful;
    add_once(doubtful ? doubts : clauses, std::move(*clause));
    if (settles) return;
  }
}

// The clauses of `rules` that cover `act`; a single one once it covers always.
std::vector<Clause> covers_for(const Place& place, const std::vector<const Rule*>& rules,
                               const Act& act) {
  std::vector<Clause> clauses;
  for (const Rule* rule : rules) {
    auto clause = clause_for(place, *rule, &act);
    if (!clause) continue;
    if (clause->always()) return {std::move(*clause)};
    add_once(clauses, std::move(*clause));
  }
  return clauses;
}

// Opening and ending transactions touches nothing: whoever may open a session may do it.
bool passes_by_default(const Rules& rules, const Act& act) {
  bool unnamed_transaction = act.effect == Effect::kTransaction && !act.object && !act.column;
  return unnamed_transaction || (rules.default_allow && act.effect != Effect::kUnknown);
}

Need need_for(const Place& place, const Act& act, std::vector<Clause> covers) {
  if (place.rules.default_allow && act.effect != Effect::kUnknown) covers.push_back({});
  std::string reason = "no rule allows " + describe(act);
  const std::string& because = place.statement->unknown_because;
  if (act.effect == Effect::kUnknown && !because.empty()) reason += " (" + because + ")";
  if (reason.size() > kReasonBytesMax) reason.resize(kReasonBytesMax);
  return {std::move(covers), std::make_shared<const std::string>(std::move(reason))};
}

void add_grants(const Place& place, const std::vector<const Rule*>& holds, const Act& act,
                std::vector<Clause>& covers) {
  for (const Rule* rule : holds) {
    auto clause = clause_of(place, rule->index, rule->grant, rule->grant_except, &act);
    if (clause) add_once(covers, std::move(*clause));
  }
}

struct Coverage {
  std::vector<const Rule*> rules, holds;
  std::vector<Need>* needs;
  std::uint32_t* worst_rule;
  Risk worst = Risk::kNone;
};

bool is_met_always(const std::vector<Clause>& covers) {
  return covers.size() == 1 && covers.front().always();
}

void cover(const Place& place, Coverage& coverage) {
  for (const Act& act : acts_of(*place.statement)) {
    auto covers = covers_for(place, coverage.rules, act);
    Risk risk = risk_of(act.effect);
    if (!covers.empty() && (*coverage.worst_rule == 0 || risk > coverage.worst)) {
      *coverage.worst_rule = covers.front().rule;
      coverage.worst = risk;
    }
    bool met = is_met_always(covers) || (covers.empty() && passes_by_default(place.rules, act));
    if (met) continue;
    add_grants(place, coverage.holds, act, covers);
    auto same = [&](const Need& need) { return need.covers == covers; };
    auto& needs = *coverage.needs;
    if (std::any_of(needs.begin(), needs.end(), same)) continue;
    needs.push_back(need_for(place, act, std::move(covers)));
  }
}

std::vector<const Rule*> rules_in_scope(const Rules& rules, Action action, const Subject& subject,
                                        std::uint32_t resource) {
  std::vector<const Rule*> found;
  for (const Rule& rule : rules.rules) {
    if (rule.action == action && in_scope(rule.match, subject, resource)) found.push_back(&rule);
  }
  return found;
}

void judge_blockers(const Place& place, Judgement& judgement) {
  for (const Rule& rule : place.rules.rules) {
    if (rule.lets_pass() || !in_scope(rule.match, place.subject, place.resource.index)) continue;
    bool denies = rule.action == Action::kDeny;
    auto& enforced = denies ? judgement.denies : judgement.holds;
    auto& tried = denies ? judgement.trial_denies : judgement.trial_holds;
    auto& clauses = rule.trial ? tried : enforced;
    bool enforced_deny = denies && !rule.trial;
    add_blockers(place, rule, clauses, enforced_deny ? judgement.doubts : clauses);
  }
}

Durability durability_of(const Rules& rules, EffectSet effects) {
  auto durability = Durability::kProcess;
  for (int i = 0; i < kEffectCount; ++i) {
    if (!effects.has(static_cast<Effect>(i))) continue;
    durability = std::max(durability, rules.durability[static_cast<std::size_t>(i)]);
  }
  return durability;
}

// An allow rule may ask for more than its effects do.
void raise_durability(const Place& place, const std::vector<const Rule*>& allows,
                      Durability& durability) {
  for (const Rule* rule : allows) {
    if (!rule->durability || *rule->durability <= durability) continue;
    std::vector<Act> acts = acts_of(*place.statement);
    bool covers = std::any_of(acts.begin(), acts.end(), [&](const Act& act) {
      return clause_for(place, *rule, &act).has_value();
    });
    if (covers) durability = *rule->durability;
  }
}

}  // namespace

bool Judgement::is_settled() const {
  auto settled = [](const Clause& clause) { return clause.always(); };
  auto all = [&](const std::vector<Clause>& clauses) {
    return std::all_of(clauses.begin(), clauses.end(), settled);
  };
  auto met = [&](const Need& need) { return all(need.covers); };
  return all(denies) && all(doubts) && all(holds) && all(trial_denies) && all(trial_holds) &&
         std::all_of(needs.begin(), needs.end(), met) &&
         std::all_of(watches.begin(), watches.end(), met);
}

Judgement judge(const Rules& rules, const Subject& subject, const Resource& resource,
                const Meaning& meaning) {
  Judgement judgement;
  judgement.observe = rules.observe || resource.observe;
  auto allows = rules_in_scope(rules, Action::kAllow, subject, resource.index);
  auto holds = rules_in_scope(rules, Action::kHold, subject, resource.index);
  std::erase_if(holds, [](const Rule* rule) { return !rule->grants(); });
  auto observers = rules_in_scope(rules, Action::kObserve, subject, resource.index);
  judgement.watchable = !observers.empty();
  judgement.durability = durability_of(rules, meaning.effects);
  Coverage allowed{allows, holds, &judgement.needs, &judgement.allow_rule};
  Coverage watched{observers, {}, &judgement.watches, &judgement.observe_rule};
  for (const Statement& statement : meaning.statements) {
    Place place{rules, subject, resource, &statement, meaning.statements.size()};
    judge_blockers(place, judgement);
    cover(place, allowed);
    raise_durability(place, allows, judgement.durability);
    if (judgement.watchable) cover(place, watched);
  }
  // What passes with the session is owed to whatever opens it.
  if (judgement.allow_rule == 0 && !allows.empty()) judgement.allow_rule = allows.front()->index;
  if (meaning.statements.empty()) judge_blockers({rules, subject, resource, nullptr, 0}, judgement);
  if (allows.empty() && holds.empty() && !rules.default_allow) {
    static const auto kNobody =
        std::make_shared<const std::string>("no rule allows anything here to this agent");
    judgement.needs.insert(judgement.needs.begin(), Need{{}, kNobody});
  }
  return judgement;
}

}  // namespace chaperone::policy
