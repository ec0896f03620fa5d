#pragma once
// The rows of a catalogue load, section by section, into the objects that they describe.

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>

#include "proto-parsers/sql/catalogue_data.h"

namespace chaperone::sql {

// Objects that this load has read.
struct FreshObjects {
  std::unordered_map<Oid, std::shared_ptr<CatalogueRelation>> relations;
  std::unordered_map<Oid, std::shared_ptr<CatalogueFunction>> functions;
  std::unordered_map<Oid, std::shared_ptr<CatalogueType>> types;
  Kept<CatalogueOperator> operators;
  std::vector<Oid> event_trigger_functions, functions_everywhere;
  std::map<Oid, std::string> schemas;
};

using CatalogueRow = std::span<const std::optional<std::string_view>>;

// REQUIRES: the row has as many columns as the section's query. Rows about what is not among the
// fresh objects (temporary ones, those of buckets that were not asked for) are passed over.
void read_catalogue_row(FreshObjects& fresh, std::size_t section, CatalogueRow row);

}  // namespace chaperone::sql
