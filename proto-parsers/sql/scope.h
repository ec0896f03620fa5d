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
};

struct Scope {
  const Scope* outer = nullptr;
  std::vector<Source> sources;

  const Source* by_alias(std::string_view alias) const;
};

// The names of WITH queries that are visible, innermost first.
struct WithNames {
  const WithNames* outer = nullptr;
  std::vector<std::string> names;

  bool holds(std::string_view name) const;
};

// Records a reference such as a, t.a, s.t.a (`star` for t.* and *). A name that may belong to
// several relations counts for each of them. Returns whether some relation certainly has such a
// column. A name among `variables` (may be null) that no relation is known to have is none of
// theirs.
bool note_column(Findings& findings, const Scope& scope, const std::vector<std::string_view>& path,
                 bool star, const std::set<std::string>* variables);

// The source whose whole row t.f hands to a function f: it certainly has no such column. Null where
// it may have, or is not known.
const Source* row_argument(const Scope& scope, const std::vector<std::string_view>& path);

// Every column of a source is read.
void note_all_columns(Findings& findings, const Source& source, EffectSet effects);

}  // namespace chaperone::sql
