#include "proto-parsers/sql/scope.h"

#include <array>

namespace chaperone::sql {
namespace {

enum class Has { kNo, kMaybe, kYes };

bool is_system_column(std::string_view name) {
  constexpr std::array<std::string_view, 6> kNames = {"ctid", "xmin", "xmax",
                                                      "cmin", "cmax", "tableoid"};
  for (auto known : kNames) {
    if (name == known) return true;
  }
  return false;
}

Has has_column(const Source& source, std::string_view name) {
  if (source.renamed || !source.relation || source.relation->columns.empty()) return Has::kMaybe;
  return source.relation->column(name) || is_system_column(name) ? Has::kYes : Has::kNo;
}

void note(Findings& findings, const Source& source, std::string_view name) {
  findings.column(source.table, source.renamed ? std::string_view("*") : name, Effect::kRead);
}

// A bare name: the nearest query that certainly has it, and every one on the way that may. PostgreSQL
// takes it for a whole row only where no query at all has such a column.
bool note_bare(Findings& findings, const Scope& scope, std::string_view name) {
  bool row = false;
  for (const Scope* level = &scope; level; level = level->outer) {
    bool certain = false;
    for (const auto& source : level->sources) {
      Has has = has_column(source, name);
      if (has != Has::kNo) note(findings, source, name);
      certain = certain || has == Has::kYes;
      if (source.alias != name || has == Has::kYes) continue;
      note_all_columns(findings, source, Effect::kRead);
      row = true;
    }
    if (certain) return true;
  }
  return row;
}

// Nobody has it: the catalogue may be older than the column, so everybody may.
void note_everywhere(Findings& findings, const Scope& scope, std::string_view name) {
  for (const Scope* level = &scope; level; level = level->outer) {
    for (const auto& source : level->sources) note(findings, source, name);
  }
}

// Only a relation that bears its own name can be named with its schema.
bool is_named(const Source& source, std::string_view schema, std::string_view name) {
  if (source.alias != name) return false;
  if (schema.empty()) return true;
  if (!source.own_name) return false;
  if (!source.schema.empty()) return source.schema == schema;
  return !source.relation || source.relation->schema == schema;
}

// Those of the nearest query that has the name: several where it is the alias of a join.
std::vector<const Source*> qualified(const Scope& scope, std::string_view schema,
                                     std::string_view name) {
  std::vector<const Source*> found;
  for (const Scope* level = &scope; level && found.empty(); level = level->outer) {
    for (const auto& source : level->sources) {
      if (is_named(source, schema, name)) found.push_back(&source);
    }
  }
  return found;
}

// Of t.a, s.t.a (`columns` 1) or t.*, s.t.* (0).
std::vector<const Source*> qualified(const Scope& scope, const std::vector<std::string_view>& path,
                                     std::size_t columns) {
  std::size_t table = path.size() - columns - 1;
  return qualified(scope, table > 0 ? path[table - 1] : std::string_view(), path[table]);
}

}  // namespace

bool Scope::has_alias(std::string_view alias) const { return !qualified(*this, {}, alias).empty(); }

bool WithNames::holds(std::string_view name) const {
  for (const WithNames* level = this; level; level = level->outer) {
    for (const auto& known : level->names) {
      if (known == name) return true;
    }
  }
  return false;
}

void note_all_columns(Findings& findings, const Source& source, EffectSet effects) {
  findings.column(source.table, "*", effects);
}

bool lacks_column(const Source& source, std::string_view name) {
  return has_column(source, name) == Has::kNo;
}

std::vector<const Source*> row_arguments(const Scope& scope,
                                         const std::vector<std::string_view>& path) {
  return qualified(scope, path, 1);
}

bool note_column(Findings& findings, const Scope& scope, const std::vector<std::string_view>& path,
                 bool star, const std::set<std::string>* variables) {
  if (star && path.empty()) {
    for (const auto& source : scope.sources) note_all_columns(findings, source, Effect::kRead);
    return true;
  }
  if (path.empty()) return false;
  bool bare = !star && path.size() == 1;
  if (bare && note_bare(findings, scope, path[0])) return true;
  auto sources = bare ? std::vector<const Source*>() : qualified(scope, path, star ? 0 : 1);
  if (sources.empty()) {
    if (variables && variables->contains(std::string(path[0]))) return true;
    note_everywhere(findings, scope, star ? "*" : path.back());
    return false;
  }
  bool certain = star;
  for (const Source* source : sources) {
    Has has = star ? Has::kYes : has_column(*source, path.back());
    certain = certain || has == Has::kYes;
    if (star) note_all_columns(findings, *source, Effect::kRead);
    // Of a single one the catalogue may not know the column yet.
    else if (has != Has::kNo || sources.size() == 1) note(findings, *source, path.back());
  }
  if (!certain && sources.size() > 1) {
    for (const Source* source : sources) note(findings, *source, path.back());
  }
  return certain;
}

}  // namespace chaperone::sql
