#pragma once
// A catalogue from rows in a file: each line is the query's number, a tab, and the row as COPY
// writes it (tabs between, \N for null, backslash escapes).

#include <memory>
#include <string>

#include "proto-parsers/sql/catalogue.h"

namespace chaperone::sql {

Result<std::shared_ptr<const Catalogue>> catalogue_from(const std::string& rows);

}  // namespace chaperone::sql
