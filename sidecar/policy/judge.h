#pragma once
// From rules and a meaning to what is left to ask of the command in hand.
//
// All rules in scope count and the strictest wins. A deny or hold speaks where one act fits it and
// no `except` covers that act. Every act of every statement must be covered by an allow (different
// acts may be covered by different rules), or wholly by a hold, which then holds the command. Every
// such answer may still hang on guards, so it is kept as clauses:
//
//   a *clause* is met when its guard holds and none of its `nots` does
//   a *blocker* is a clause of a deny or hold; a *need* is an act with the clauses that cover it

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proto-parsers/core/command.h"
#include "proto-parsers/core/subject.h"
#include "sidecar/policy/rules.h"

namespace chaperone::policy {

struct Clause {
  std::uint32_t rule = 0;          // as Rule::index; 0 is the default
  std::int32_t guard = -1;         // -1: always
  std::vector<std::int32_t> nots;  // guards of the excepts that would step in
  bool always() const { return guard < 0 && nots.empty(); }
  bool operator==(const Clause&) const = default;
};

struct Need {
  std::vector<Clause> covers;                 // one must be met; those of allows come first
  std::shared_ptr<const std::string> reason;  // what is told when none is
};

struct Judgement {
  std::vector<Clause> denies, holds;  // in the order of the rules
  // Denies that an unknown statement meets by doubt alone: as strict, but asked after the needs,
  // because "no rule allows unknown" is the better reason where it is true.
  std::vector<Clause> doubts;
  std::vector<Clause> trial_denies, trial_holds;
  std::vector<Need> needs;       // all must be met to pass; those met always are gone
  bool watchable = false;        // observe rules may let it pass
  std::vector<Need> watches;     // all must be met for that
  std::uint32_t allow_rule = 0;  // that covers the worst act
  std::uint32_t observe_rule = 0;
  bool observe = false;  // by policy or resource
  Durability durability = Durability::kDisk;

  bool is_settled() const;  // no guard is asked
};

Judgement judge(const Rules& rules, const Subject& subject, const Resource& resource,
                const Meaning& meaning);

// `command` is null only for a settled judgement. Allocates nothing.
Decision conclude(const Rules& rules, const Judgement& judgement, const Command* command,
                  std::int64_t now_s);

}  // namespace chaperone::policy
