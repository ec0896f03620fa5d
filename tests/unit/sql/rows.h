#pragma once
// A catalogue from rows in a file: each line is the query's number, a tab, and the row as COPY
// writes it (tabs between, \N for null, backslash escapes).

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proto-parsers/sql/catalogue.h"

namespace chaperone::sql {

using Values = std::vector<std::optional<std::string>>;
// One line as COPY writes it.
Values values_of(const std::string& line);

Result<std::shared_ptr<const Catalogue>> catalogue_from(const std::string& rows);

// All that a view holds, as text: equal for equal views.
std::string described(const Catalogue& catalogue);

}  // namespace chaperone::sql
