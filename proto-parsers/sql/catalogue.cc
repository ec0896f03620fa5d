#include "proto-parsers/sql/catalogue.h"

#include "proto-parsers/sql/catalogue_data.h"

namespace chaperone::sql {

Catalogue::Catalogue(std::unique_ptr<const CatalogueData> data) : data_(std::move(data)) {}
Catalogue::~Catalogue() = default;
const std::string& Catalogue::stamp() const { return data_->stamp; }
std::uint64_t Catalogue::digest() const { return data_->digest; }
std::size_t Catalogue::size_bytes() const { return data_->bytes; }
std::size_t Catalogue::relation_count() const { return data_->relations.size(); }
std::size_t Catalogue::function_count() const { return data_->functions.size(); }

}  // namespace chaperone::sql
