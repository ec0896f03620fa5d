#pragma once
// The texts of the catalogue's queries. CatalogueBuilder has one reader per query, in this order.

#include <span>
#include <string_view>

#include "proto-parsers/sql/catalogue.h"

namespace chaperone::sql {

// What of a CatalogueChange makes a query worth asking.
enum class Keyed : std::uint8_t {
  kRelation,
  kFunction,
  kType,
  kOperators,
  kEverywhere,
  kEventTriggers,
  kSchemas
};

struct CatalogueText {
  std::string_view name;
  std::size_t columns;
  Keyed keyed;
  std::string_view text;  // {x} for the condition on x
};

std::span<const CatalogueText> catalogue_texts();

}  // namespace chaperone::sql
