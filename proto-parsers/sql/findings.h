#pragma once
// What has been found out about one statement so far.

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "proto-parsers/core/meaning.h"

namespace chaperone::sql {

// Flags of Analysis that a statement raises.
struct Flags {
  bool may_change_reading = false, leaves_session_state = false, changes_catalogue = false;
  bool transaction_control = false, copies_in = false, copies_out = false;
  bool catalogue_miss = false, lifts_read_only = false;
  bool moves_objects = false;  // an existing object has another name or schema afterwards
};

class Findings {
 public:
  std::string verb;
  RowBound row_bound = RowBound::kNotApplicable;
  std::optional<std::int64_t> limit;
  Flags flags;

  void effect(EffectSet effects) { effects_ |= effects; }
  // An object's effects are the statement's too.
  void object(ObjectKind kind, std::string name, EffectSet effects);
  // A column read or written; an empty table is ignored.
  void column(std::string_view table, std::string_view name, EffectSet effects);
  void function(std::string name);
  // The first reason stays.
  void unknown(std::string because);
  // Something that changes data is unbounded, wherever in the statement it stands.
  void unbounded_change() { unbounded_change_ = true; }

  // Counts a step of work; false once kWorkMax is used up, which is unknown.
  bool work();

  EffectSet effects() const { return effects_; }
  bool has_object(ObjectKind kind, const std::string& name) const {
    return objects_.contains({kind, name});
  }
  // By table and name.
  const std::map<std::pair<std::string, std::string>, EffectSet>& columns() const { return columns_; }
  bool is_unknown() const { return effects_.has(Effect::kUnknown); }

  // Takes over what `other` found; `only` limits the effects, `as` stands for those left out.
  void merge(const Findings& other, EffectSet only, EffectSet as);
  Statement statement() const;

 private:
  bool has_room();

  EffectSet effects_;
  std::map<std::pair<ObjectKind, std::string>, EffectSet> objects_;
  std::map<std::pair<std::string, std::string>, EffectSet> columns_;
  std::set<std::string> functions_;
  std::string unknown_because_;
  bool unbounded_change_ = false;
  std::size_t work_ = 0;
};

inline constexpr EffectSet kAllEffects = EffectSet::from_bits((1u << kEffectCount) - 1);

}  // namespace chaperone::sql
