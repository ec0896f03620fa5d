#include "proto-parsers/sql/catalogue.h"

#include "proto-parsers/sql/catalogue_data.h"

namespace chaperone::sql {

std::string_view catalogue_begin() {
  return "/* chaperone:catalogue */ BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; "
         "SET LOCAL search_path = pg_catalog";
}
std::string_view catalogue_end() { return "/* chaperone:catalogue */ COMMIT"; }
std::vector<CatalogueQuery> catalogue_queries(int) { return {}; }
std::string catalogue_stamp_query(int) {
  return "/* chaperone:catalogue */ SELECT pg_catalog.txid_current_snapshot()::pg_catalog.text";
}

Catalogue::Catalogue(std::unique_ptr<const CatalogueData> data) : data_(std::move(data)) {}
Catalogue::~Catalogue() = default;
const std::string& Catalogue::stamp() const { return data_->stamp; }
std::uint64_t Catalogue::digest() const { return data_->digest; }
std::size_t Catalogue::size_bytes() const { return 0; }
std::size_t Catalogue::relation_count() const { return 0; }
std::size_t Catalogue::function_count() const { return 0; }

CatalogueBuilder::CatalogueBuilder() : data_(std::make_unique<CatalogueData>()) {}
CatalogueBuilder::~CatalogueBuilder() = default;

Result<void> CatalogueBuilder::add(std::size_t, std::span<const std::optional<std::string_view>>) {
  return Error{"catalogue: no query has this index"};
}

Result<std::shared_ptr<const Catalogue>> CatalogueBuilder::finish() {
  return std::make_shared<const Catalogue>(std::move(data_));
}

}  // namespace chaperone::sql
