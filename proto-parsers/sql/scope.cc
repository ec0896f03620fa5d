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

// A bare name: the nearest query that certainly has it, and every one on the way that may.
bool note_bare(Findings& findings, const Scope& scope, std::string_view name) {
  bool found = false;
  for (const Scope* level = &scope; level; level = level->outer) {
    bool certain = false;
    for (const auto& source : level->sources) {
      Has has = has_column(source, name);
      if (source.alias == name && has != Has::kYes) {
        note_all_columns(findings, source, Effect::kRead);
        certain = found = true;
      } else if (has != Has::kNo) {
        note(findings, source, name);
        certain = certain || has == Has::kYes;
      }
    }
    if (certain) return true;
  }
  return found;
}

// Nobody has it: the catalogue may be older than the column, so everybody may.
void note_everywhere(Findings& findings, const Scope& scope, std::string_view name) {
  for (const Scope* level = &scope; level; level = level->outer) {
    for (const auto& source : level->sources) note(findings, source, name);
  }
}

const Source* qualified(const Scope& scope, std::string_view schema, std::string_view name) {
  for (const Scope* level = &scope; level; level = level->outer) {
    for (const auto& source : level->sources) {
      if (source.alias == name &&
          (schema.empty() || source.schema.empty() || source.schema == schema ||
           (source.relation && source.relation->schema == schema))) {
        return &source;
      }
    }
  }
  return nullptr;
}

}  // namespace

const Source* Scope::by_alias(std::string_view alias) const { return qualified(*this, {}, alias); }

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

const Source* row_argument(const Scope& scope, const std::vector<std::string_view>& path) {
  std::size_t table = path.size() - 2;
  const Source* source =
      qualified(scope, table > 0 ? path[table - 1] : std::string_view(), path[table]);
  return source && has_column(*source, path.back()) == Has::kNo ? source : nullptr;
}

bool note_column(Findings& findings, const Scope& scope, const std::vector<std::string_view>& path,
                 bool star, const std::set<std::string>* variables) {
  if (star && path.empty()) {
    for (const auto& source : scope.sources) note_all_columns(findings, source, Effect::kRead);
    return true;
  }
  if (path.empty()) return false;
  if (!star && path.size() == 1) {
    if (note_bare(findings, scope, path[0])) return true;
    if (variables && variables->contains(std::string(path[0]))) return true;
    note_everywhere(findings, scope, path[0]);
    return false;
  }
  std::size_t table = star ? path.size() - 1 : path.size() - 2;
  const Source* source =
      qualified(scope, table > 0 ? path[table - 1] : std::string_view(), path[table]);
  if (!source) return variables && variables->contains(std::string(path[0]));
  if (star) {
    note_all_columns(findings, *source, Effect::kRead);
    return true;
  }
  note(findings, *source, path.back());
  return has_column(*source, path.back()) == Has::kYes;
}

}  // namespace chaperone::sql
