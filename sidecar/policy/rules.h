#pragma once
// A policy's compiled form: plain data, made by the loader, read by match and judge.
//
// An empty list means "not asked": it restricts nothing.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "proto-parsers/core/effects.h"
#include "proto-parsers/core/meaning.h"
#include "sidecar/policy/decision.h"
#include "sidecar/policy/glob.h"
#include "sidecar/policy/guard.h"
#include "sidecar/policy/names.h"
#include "sidecar/policy/resource.h"

namespace chaperone::policy {

struct LabelTest {
  std::string key;
  std::vector<Glob> values;
};

// Every kind that is asked must fit; within a kind one pattern.
struct SubjectTest {
  std::vector<Glob> pods, namespaces, service_accounts, principals, groups;
  std::vector<LabelTest> labels;
};

struct ObjectPattern {
  std::optional<ObjectKind> kind;
  Glob name;
};

struct ColumnPattern {
  Glob table, column;
};

// `match` of a rule or one entry of its `except`.
struct Match {
  Reading reading = Reading::kBroad;
  // Scope: settled by subject and resource alone.
  std::vector<SubjectTest> subjects;     // one must fit
  std::vector<std::uint32_t> resources;  // indexes; one must be it
  // Statement: settled by meaning.
  bool asks_effects = false;  // `effects` or a risk was written
  EffectSet effects;          // whole when nothing was written (see the loader)
  std::vector<Glob> verbs;
  std::vector<ObjectPattern> objects;
  std::vector<ColumnPattern> columns;
  std::vector<Glob> functions;
  std::uint8_t row_bounds = 0;  // a bit per RowBound; 0: not asked
  std::optional<std::int64_t> limit_above, limit_at_most;
  std::optional<std::size_t> statements_above;
  // Command in hand: index into Rules::guards, or -1.
  std::int32_t guard = -1;

  bool names_things() const { return !objects.empty() || !columns.empty() || !functions.empty(); }
  // Scope, text, parameters and time are all that is asked.
  bool is_blanket() const;
};

enum class Action : std::uint8_t { kAllow, kHold, kDeny, kObserve };
std::string_view name_of(Action action);

struct Rule {
  std::string name;
  Action action = Action::kDeny;
  bool trial = false;  // `observe: true` of a deny or hold: told, not done
  std::string reason, hint;
  std::optional<Durability> durability;
  Match match;
  std::vector<Match> except;
  // A hold's own words read narrowly: what a person's approval would let pass although no rule
  // allows it.
  Match grant;
  std::vector<Match> grant_except;
  std::uint32_t index = 0;  // from 1: Decision::rule_index
  std::uint32_t line = 0;   // in the file, for people

  bool lets_pass() const { return action == Action::kAllow || action == Action::kObserve; }
  bool grants() const { return action == Action::kHold && !trial; }
};

struct Rules {
  std::string file;  // as it was named to the loader
  std::string digest, revision;
  bool observe = false;
  bool default_allow = false;
  std::string default_reason, default_hint;
  std::array<Durability, kEffectCount> durability{};
  std::vector<Resource> resources;
  std::vector<Rule> rules;  // in the order of the file
  std::vector<Guard> guards;
  NameRules names;
};

}  // namespace chaperone::policy
