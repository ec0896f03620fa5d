#pragma once
// An immutable view of one database's catalogue: what names mean and what runs beneath them. Built
// from the rows of the sidecar's own queries; shared by all sessions of that database; replaced as
// a whole by the next load.
//
// To load: on one upstream connection run catalogue_begin() and catalogue_stamp_query(), each as a
// simple query in text format, then catalogue_queries(), then catalogue_end(). Rows of the stamp go
// into a CatalogueStamp, the others to CatalogueBuilder::add with their query's section; finish().
// The connection's role sees what PostgreSQL shows to it.
//
// To load again: with the horizon of the known stamp. What the new one has changed since() the known
// one is all that needs asking; the builder takes the rest from the known view.

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proto-parsers/base/result.h"
#include "proto-parsers/sql/catalogue_stamp.h"

namespace chaperone::sql {

struct CatalogueQuery {
  std::string_view name;    // "relations"; for logs and metrics
  std::string text;         // begins with /* chaperone:catalogue */
  std::size_t columns = 0;  // how many each row has
  std::size_t section = 0;  // for CatalogueBuilder::add
};

// begin is two statements in one text and sets search_path to pg_catalog for its transaction, so
// that nobody's objects can stand in for the catalogue's, and printed definitions are qualified.
std::string_view catalogue_begin();
std::string_view catalogue_end();
std::vector<CatalogueQuery> catalogue_queries(int server_version, const CatalogueChange& change);

struct CatalogueData;  // what the analyser looks up; catalogue_data.h, for this room alone

class Catalogue {
 public:
  explicit Catalogue(std::unique_ptr<const CatalogueData> data);
  ~Catalogue();

  const CatalogueStamp& stamp() const;  // at the time of the load
  std::size_t size_bytes() const;       // about what it occupies; shared with its predecessors
  std::size_t relation_count() const;
  std::size_t function_count() const;
  const CatalogueData& data() const { return *data_; }

 private:
  std::unique_ptr<const CatalogueData> data_;
};

class CatalogueBuilder {
 public:
  // `known` is kept but for what `change` says; null only where that is everything.
  CatalogueBuilder(std::shared_ptr<const Catalogue> known, CatalogueChange change);
  CatalogueBuilder() : CatalogueBuilder(nullptr, everything()) {}
  ~CatalogueBuilder();

  // One row of the query for `section`; nullopt is NULL. Values are copied. A section's rows come
  // together, the sections in the order of catalogue_queries().
  Result<void> add(std::size_t section, std::span<const std::optional<std::string_view>> row);

  // Something that was known has another name now. The server prints names into the texts of other
  // objects (views, rules, defaults), which did not change themselves: load everything instead.
  bool renames() const;

  // REQUIRES: every query's rows were added. The builder is spent afterwards.
  Result<std::shared_ptr<const Catalogue>> finish(CatalogueStamp stamp = {});

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace chaperone::sql
