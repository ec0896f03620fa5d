#pragma once
// The texts of the catalogue's queries. CatalogueBuilder has one reader per query, in this order.

#include <span>
#include <string_view>

#include "proto-parsers/sql/catalogue.h"

namespace chaperone::sql {

struct CatalogueText {
  std::string_view name;
  std::size_t columns;
  std::string_view text;
};

std::span<const CatalogueText> catalogue_texts();

}  // namespace chaperone::sql
