#pragma once
// Which relation a column name in a query means: the FROM list of each query and those around it.

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "proto-parsers/sql/catalogue_data.h"
#include "proto-parsers/sql/findings.h"

namespace chaperone::sql {

// One entry of a FROM list.
struct Source {
  std::string alias;   // the name that columns are qualified with
  std::string schema;  // as written, where no alias hides it
  std::string table;   // as Object::name; empty for subqueries, functions and the like
  const CatalogueRelation* relation = nullptr;
  bool renamed = false;  // an alias list renames its columns: none can be told from another
  bool own_name = false;  // a relation without an alias: its schema may stand before its name
};

struct Scope {
  const Scope* outer = nullptr;
  std::vector<Source> sources;

  bool has_alias(std::string_view alias) const;
};

// The names of WITH queries that are visible, innermost first.
struct WithNames {
  const WithNames* outer = nullptr;
  std::vector<std::string> names;

  bool holds(std::string_view name) const;
};

// Records a reference such as a, t.a, s.t.a (`star` for t.* and *). A name that may belong to
// several relations counts for each of them, and one that nobody is known to have for all. Returns
// whether some relation certainly has such a column. A name among `variables` (may be null) that no
// relation is known to have is none of theirs.
bool note_column(Findings& findings, const Scope& scope, const std::vector<std::string_view>& path,
                 bool star, const std::set<std::string>* variables);

// Those whose row t.f hands to f, where f is a function and not a column: several where t is the
// alias of a join, none where nobody is known as t.
std::vector<const Source*> row_arguments(const Scope& scope,
                                         const std::vector<std::string_view>& path);

// The source certainly has no such column.
bool lacks_column(const Source& source, std::string_view name);

// Every column of a source is read.
void note_all_columns(Findings& findings, const Source& source, EffectSet effects);

}  // namespace chaperone::sql
