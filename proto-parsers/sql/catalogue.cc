#include "proto-parsers/sql/catalogue.h"

#include "proto-parsers/sql/catalogue_data.h"

namespace chaperone::sql {

namespace {

void append_part(std::string& full, std::string_view part) {
  if (part.find_first_of(".\"") == std::string_view::npos) {
    full.append(part);
    return;
  }
  full += '"';
  for (char c : part) full.append(c == '"' ? 2 : 1, c);
  full += '"';
}

}  // namespace

std::string qualified_name(std::string_view schema, std::string_view name) {
  std::string full;
  full.reserve(schema.size() + 1 + name.size());
  if (!schema.empty()) {
    append_part(full, schema);
    full += '.';
  }
  append_part(full, name);
  return full;
}

void CatalogueData::index() {
  for (const auto& relation : relations) {
    relation_by_oid.emplace(relation->oid, relation.get());
    relation_by_name.emplace(relation->qualified, relation.get());
    bytes += relation->bytes;
  }
  for (const auto& function : functions) {
    function_by_oid.emplace(function->oid, function.get());
    functions_by_name[function->name].push_back(function.get());
    bytes += function->bytes;
  }
  for (const auto& type : types) {
    type_by_oid.emplace(type->oid, type.get());
    if (type->relation != 0) row_type_by_relation.emplace(type->relation, type.get());
    type_by_name.emplace(type->qualified, type.get());
    bytes += type->bytes;
  }
  for (const auto& one : operators) operators_by_name[one->name].push_back(one.get());
}

Catalogue::Catalogue(std::unique_ptr<const CatalogueData> data) : data_(std::move(data)) {}
Catalogue::~Catalogue() = default;
const CatalogueStamp& Catalogue::stamp() const { return data_->stamp; }
std::size_t Catalogue::size_bytes() const { return data_->bytes; }
std::size_t Catalogue::relation_count() const { return data_->relations.size(); }
std::size_t Catalogue::function_count() const { return data_->functions.size(); }

}  // namespace chaperone::sql
