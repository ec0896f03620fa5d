#include "sidecar/policy/match.h"

#include <algorithm>

namespace chaperone::policy {
namespace {

bool lives_in_schema(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::kTable:
    case ObjectKind::kView:
    case ObjectKind::kSequence:
    case ObjectKind::kIndex:
    case ObjectKind::kFunction:
    case ObjectKind::kTrigger:
    case ObjectKind::kRule:
    case ObjectKind::kType:
      return true;
    default:
      return false;
  }
}

bool has_columns(ObjectKind kind) {
  return kind == ObjectKind::kTable || kind == ObjectKind::kView;
}

// A name without a schema was not resolved: read broadly, it may lie in any.
bool name_fits(const Glob& pattern, std::string_view name, Reading reading) {
  if (pattern.matches(name)) return true;
  if (reading == Reading::kNarrow || name.find('.') != std::string_view::npos) return false;
  std::size_t dot = pattern.pattern().rfind('.');
  return dot != std::string::npos && Glob(pattern.pattern().substr(dot + 1)).matches(name);
}

bool thing_fits(const ObjectPattern& pattern, ObjectKind kind, std::string_view name,
                Reading reading) {
  if (pattern.kind && *pattern.kind != kind) return false;
  return name_fits(pattern.name, name, lives_in_schema(kind) ? reading : Reading::kNarrow);
}

// A column names its table without saying whether it is a table or a view.
bool table_fits(const ObjectPattern& pattern, std::string_view table, Reading reading) {
  bool kind_fits = !pattern.kind || has_columns(*pattern.kind);
  return kind_fits && name_fits(pattern.name, table, reading);
}

// "*" of some kind (a name made at run time): any of them, where "*" of no kind is any object.
bool may_be_any(const ObjectPattern& pattern, const Object& object) {
  if (is_any_object(object)) return true;
  return object.name == "*" && lives_in_schema(object.kind) &&
         (!pattern.kind || *pattern.kind == object.kind);
}

bool object_fits(const ObjectPattern& pattern, const Object& object, Reading reading) {
  if (reading == Reading::kBroad && may_be_any(pattern, object)) return true;
  if (is_any_object(object)) return !pattern.kind && pattern.name.matches_all();
  return thing_fits(pattern, object.kind, object.name, reading);
}

bool object_named(const Match& match, const Act& act) {
  return std::any_of(match.objects.begin(), match.objects.end(), [&](const ObjectPattern& pattern) {
    if (act.object) return object_fits(pattern, *act.object, match.reading);
    if (act.column) return table_fits(pattern, act.column->table, match.reading);
    return act.function && thing_fits(pattern, ObjectKind::kFunction, *act.function, match.reading);
  });
}

bool table_named(const Match& match, std::string_view table) {
  return std::any_of(match.columns.begin(), match.columns.end(), [&](const ColumnPattern& pattern) {
    return name_fits(pattern.table, table, match.reading);
  });
}

// "*" is all columns: it fits any broadly, and lies only within all of them narrowly.
bool column_named(const Match& match, const Column& column) {
  return std::any_of(match.columns.begin(), match.columns.end(), [&](const ColumnPattern& pattern) {
    if (!name_fits(pattern.table, column.table, match.reading)) return false;
    if (column.name != "*") return pattern.column.matches(column.name);
    return match.reading == Reading::kBroad || pattern.column.matches_all();
  });
}

bool function_named(const Match& match, std::string_view name) {
  return std::any_of(match.functions.begin(), match.functions.end(),
                     [&](const Glob& glob) { return name_fits(glob, name, match.reading); });
}

bool calls_named(const Match& match, const Statement& statement) {
  auto named = [&](const std::string& name) { return function_named(match, name); };
  if (std::any_of(statement.functions.begin(), statement.functions.end(), named)) return true;
  return std::any_of(statement.objects.begin(), statement.objects.end(), [&](const Object& object) {
    return object.kind == ObjectKind::kFunction && named(object.name);
  });
}

bool is_doubt(const Act& act) {
  return act.effect == Effect::kUnknown && !act.object && !act.column && !act.function;
}

// Whatever is not named may have columns.
bool column_touched(const Match& match, const Act& act) {
  if (act.object) return is_any_object(*act.object);
  return act.column && column_named(match, *act.column);
}

bool fits_broad(const Match& match, const Statement& statement, const Act& act) {
  if (is_doubt(act)) return true;
  if (!match.effects.has(act.effect)) return false;
  if (!match.objects.empty() && !object_named(match, act)) return false;
  if (!match.columns.empty() && !column_touched(match, act)) return false;
  if (match.functions.empty()) return true;
  return act.function ? function_named(match, *act.function) : calls_named(match, statement);
}

bool covers_object(const Match& match, const Act& act) {
  if (object_named(match, act)) return true;
  if (act.object->kind == ObjectKind::kFunction) return function_named(match, act.object->name);
  constexpr EffectSet kByColumn = Effect::kRead | Effect::kWrite | Effect::kDescribe;
  return kByColumn.has(act.effect) && has_columns(act.object->kind) &&
         table_named(match, act.object->name);
}

bool covers_column(const Match& match, const Act& act) {
  if (table_named(match, act.column->table)) return column_named(match, *act.column);
  return object_named(match, act);
}

// What a match that names things covers although nothing is named: `SELECT 1`, `SHOW`, `BEGIN`.
constexpr EffectSet kHarmlessUnnamed = Effect::kRead | Effect::kDescribe | Effect::kTransaction;

bool fits_narrow(const Match& match, const Act& act) {
  if (!match.effects.has(act.effect)) return false;
  if (!match.names_things()) return true;
  if (act.object) return covers_object(match, act);
  if (act.column) return covers_column(match, act);
  if (act.function) return function_named(match, *act.function);
  return kHarmlessUnnamed.has(act.effect);
}

// Broadly "DROP" stands for "DROP TABLE" too; a verb that was not found out may be any.
bool verb_fits(const Match& match, const std::string& verb) {
  if (match.verbs.empty()) return true;
  bool broad = match.reading == Reading::kBroad;
  if (broad && (verb.empty() || verb == "UNKNOWN")) return true;
  return std::any_of(match.verbs.begin(), match.verbs.end(), [&](const Glob& glob) {
    if (glob.matches(verb)) return true;
    return broad && Glob(glob.pattern() + " *").matches(verb);
  });
}

bool bounds_fit(const Match& match, const Statement& statement) {
  bool any = match.reading == Reading::kBroad &&
             (statement.effects.has(Effect::kUnknown) || statement.effects.empty());
  if (any) return true;
  auto bit = static_cast<unsigned>(1u << static_cast<unsigned>(statement.row_bound));
  if (match.row_bounds != 0 && (match.row_bounds & bit) == 0) return false;
  if (match.limit_above && statement.limit && *statement.limit <= *match.limit_above) return false;
  return !match.limit_at_most || (statement.limit && *statement.limit <= *match.limit_at_most);
}

}  // namespace

bool fits_statement(const Match& match, const Statement& statement, std::size_t statements) {
  if (match.statements_above && statements <= *match.statements_above) return false;
  return verb_fits(match, statement.verb) && bounds_fit(match, statement);
}

bool fits_by_doubt(const Match& match, const Act& act) {
  return is_doubt(act) && (match.names_things() || !match.effects.has(Effect::kUnknown));
}

bool fits(const Match& match, const Statement& statement, std::size_t statements, const Act& act) {
  if (!fits_statement(match, statement, statements)) return false;
  return match.reading == Reading::kBroad ? fits_broad(match, statement, act)
                                          : fits_narrow(match, act);
}

}  // namespace chaperone::policy
