#pragma once
// An immutable view of one database's catalogue: what names mean and what runs beneath them. Built
// from the rows of the sidecar's own queries; shared by all sessions of that database; replaced as
// a whole by the next load.
//
// To load: on one upstream connection run catalogue_begin(), then each of catalogue_queries() as a
// simple query in text format, then catalogue_end(); feed every row to CatalogueBuilder::add with
// the query's index; finish(). The connection's role sees what PostgreSQL shows to it.
//
// To learn cheaply whether a load is due: run catalogue_stamp_query() (one row, one column) inside
// begin/end and compare with stamp().

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proto-parsers/base/result.h"

namespace chaperone::sql {

struct CatalogueQuery {
  std::string_view name;    // "relations"; for logs and metrics
  std::string text;         // begins with /* chaperone:catalogue */
  std::size_t columns = 0;  // how many each row has
};

// begin is two statements in one text and sets search_path to pg_catalog for its transaction, so
// that nobody's objects can stand in for the catalogue's, and printed definitions are qualified.
std::string_view catalogue_begin();
std::string_view catalogue_end();
std::vector<CatalogueQuery> catalogue_queries(int server_version);
std::string catalogue_stamp_query(int server_version);

struct CatalogueData;  // what the analyser looks up; catalogue_data.h, for this room alone

class Catalogue {
 public:
  explicit Catalogue(std::unique_ptr<const CatalogueData> data);
  ~Catalogue();

  const std::string& stamp() const;  // of catalogue_stamp_query at the time of the load
  std::uint64_t digest() const;      // equal rows, equal digest
  std::size_t size_bytes() const;    // about what it occupies
  std::size_t relation_count() const;
  std::size_t function_count() const;
  const CatalogueData& data() const { return *data_; }

 private:
  std::unique_ptr<const CatalogueData> data_;
};

class CatalogueBuilder {
 public:
  CatalogueBuilder();
  ~CatalogueBuilder();

  // One row of catalogue_queries()[query]; nullopt is NULL. Values are copied.
  Result<void> add(std::size_t query, std::span<const std::optional<std::string_view>> row);

  // REQUIRES: every query's rows were added. The builder is spent afterwards.
  Result<std::shared_ptr<const Catalogue>> finish();

 private:
  std::unique_ptr<CatalogueData> data_;
  std::size_t bytes_ = 0, rows_ = 0;
};

}  // namespace chaperone::sql
