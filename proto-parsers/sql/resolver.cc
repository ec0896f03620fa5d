#include "proto-parsers/sql/resolver.h"

#include <algorithm>

namespace chaperone::sql {
Resolver::Resolver(const CatalogueData* data, std::vector<std::string> search_path)
    : data_(data), path_(std::move(search_path)) {
  if (std::find(path_.begin(), path_.end(), "pg_catalog") == path_.end()) {
    path_.insert(path_.begin(), "pg_catalog");
  }
}

bool Resolver::on_path(std::string_view schema) const {
  return std::find(path_.begin(), path_.end(), schema) != path_.end();
}

RelationName Resolver::relation(std::string_view schema, std::string_view name) const {
  if (!data_) {
    // Users' tables may begin with pg_ too, but then a rule on the catalogue errs on the safe side.
    if (schema.empty() && name.starts_with("pg_")) return {qualified_name("pg_catalog", name), nullptr};
    return {qualified_name(schema, name), nullptr};
  }
  auto look = [&](std::string_view in) -> const CatalogueRelation* {
    return data_->relation(qualified_name(in, name));
  };
  if (!schema.empty()) return {qualified_name(schema, name), look(schema)};
  RelationName found{qualified_name({}, name), nullptr};
  for (const auto& in : path_) {
    const auto* relation = look(in);
    if (!relation) continue;
    if (found.relation) {
      found.others.push_back(relation);
    } else {
      found.full = relation->full_name();
      found.relation = relation;
    }
  }
  return found;
}

std::string Resolver::created(std::string_view schema, std::string_view name) const {
  if (!schema.empty() || !data_) return qualified_name(schema, name);
  for (const auto& in : path_) {
    if (in != "pg_catalog") return qualified_name(in, name);
  }
  return qualified_name({}, name);
}

std::vector<const CatalogueFunction*> Resolver::functions(std::string_view schema,
                                                          std::string_view name) const {
  std::vector<const CatalogueFunction*> found;
  if (!data_) return found;
  auto named = data_->functions_by_name.find(name);
  if (named == data_->functions_by_name.end()) return found;
  for (const auto* function : named->second) {
    if (schema.empty() ? on_path(function->schema) : function->schema == schema) {
      found.push_back(function);
    }
  }
  return found;
}

std::vector<const CatalogueOperator*> Resolver::operators(std::string_view schema,
                                                          std::string_view name) const {
  std::vector<const CatalogueOperator*> found;
  if (!data_) return found;
  auto named = data_->operators_by_name.find(name);
  if (named == data_->operators_by_name.end()) return found;
  for (const auto* op : named->second) {
    if (schema.empty() ? on_path(op->schema) : op->schema == schema) found.push_back(op);
  }
  return found;
}

const CatalogueType* Resolver::type(std::string_view schema, std::string_view name) const {
  auto found = types(schema, name);
  return found.empty() ? nullptr : found.front();
}

std::vector<const CatalogueType*> Resolver::types(std::string_view schema,
                                                  std::string_view name) const {
  std::vector<const CatalogueType*> found;
  if (!data_) return found;
  auto look = [&](std::string_view in) {
    if (const auto* type = data_->type(qualified_name(in, name))) found.push_back(type);
  };
  if (!schema.empty()) {
    look(schema);
  } else {
    for (const auto& in : path_) look(in);
  }
  return found;
}

}  // namespace chaperone::sql
