#pragma once
// What a command means, apart from how it was spelled: made once per shape of command, immutable,
// shared by every session. The policy judges a Meaning, the record names it, and no later protocol
// needs another type.
//
// House vocabulary: a *resource* is a target that the policy names (a database server, an API);
// an *object* is a thing inside it that a command touches (a table, a function, a key).

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "proto-parsers/core/effects.h"

namespace chaperone {

// The order is part of the record format: append, never renumber.
enum class ObjectKind : std::uint8_t {
  kTable, kView, kSequence, kIndex, kSchema, kDatabase, kRole, kFunction, kTrigger, kRule, kType,
  kExtension, kSetting, kChannel, kFile, kProgram, kPublication, kLargeObject, kOther,
};
std::string_view name_of(ObjectKind kind);
std::optional<ObjectKind> object_kind_from(std::string_view name);

// A thing that is touched, by its normalised name: lower-cased where the protocol folds case,
// qualified ("public.customers"), never quoted; and what is done to it.
struct Object {
  ObjectKind kind = ObjectKind::kOther;
  std::string name;
  EffectSet effects;
  bool operator==(const Object&) const = default;
};

// What a command reaches without naming it (DROP ... CASCADE): it may be any object of any kind. A
// refusal for some object speaks of it too; a permission for some does not.
Object any_object(EffectSet effects);
bool is_any_object(const Object& object);

// A column, "*" where all of a table's or where they cannot be told apart.
struct Column {
  std::string table;  // as Object::name
  std::string name;
  EffectSet effects;  // kRead, kWrite or both
  bool operator==(const Column&) const = default;
};

// Whether a condition bounds the rows that a statement touches.
enum class RowBound : std::uint8_t { kNotApplicable, kBounded, kUnbounded };
std::string_view name_of(RowBound bound);

struct Statement {
  std::string verb;  // upper case, the protocol's own word: "SELECT", "DROP TABLE", "COPY TO PROGRAM"
  EffectSet effects;
  std::vector<Object> objects;          // sorted by kind, then name; unique
  std::vector<Column> columns;          // sorted by table, then name; unique
  std::vector<std::string> functions;   // qualified names called; sorted, unique
  RowBound row_bound = RowBound::kNotApplicable;
  std::optional<std::int64_t> limit;    // a constant LIMIT / FETCH FIRST of the outermost query
  std::string unknown_because;          // set exactly when effects has kUnknown
};

struct Meaning {
  std::vector<Statement> statements;  // in order; empty for an empty query
  EffectSet effects;                  // union over the statements
  Risk risk = Risk::kNone;            // highest over the statements
  std::uint64_t shape = 0;            // equal for texts that mean the same but for constants
};

}  // namespace chaperone
