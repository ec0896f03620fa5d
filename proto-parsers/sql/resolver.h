#pragma once
// Which object a name means, by the catalogue and a search_path.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proto-parsers/sql/analyse.h"
#include "proto-parsers/sql/catalogue_data.h"

namespace chaperone::sql {

struct RelationName {
  std::string full;                             // as Object::name
  const CatalogueRelation* relation = nullptr;  // null: not in the catalogue
  // What later schemas of the path hold under the name. PostgreSQL looks a name up again when it had
  // to wait for a lock: who drops or renames the first makes the statement mean the next.
  std::vector<const CatalogueRelation*> others = {};
};

class Resolver {
 public:
  Resolver(const CatalogueData* data, std::vector<std::string> search_path);

  const CatalogueData* data() const { return data_; }
  const std::vector<std::string>& path() const { return path_; }

  // An empty schema is searched for along the path, pg_catalog first unless the path names it.
  RelationName relation(std::string_view schema, std::string_view name) const;
  // Where CREATE puts a new object of this name.
  std::string created(std::string_view schema, std::string_view name) const;

  // Every function of users and extensions that a call by this name may reach: PostgreSQL chooses
  // among all of the path's by argument types, which we do not know.
  std::vector<const CatalogueFunction*> functions(std::string_view schema,
                                                  std::string_view name) const;
  std::vector<const CatalogueOperator*> operators(std::string_view schema,
                                                  std::string_view name) const;
  const CatalogueType* type(std::string_view schema, std::string_view name) const;
  // The same with those of later schemas of the path.
  std::vector<const CatalogueType*> types(std::string_view schema, std::string_view name) const;

 private:
  bool on_path(std::string_view schema) const;

  const CatalogueData* data_;
  std::vector<std::string> path_;  // as searched: with pg_catalog
};

}  // namespace chaperone::sql
