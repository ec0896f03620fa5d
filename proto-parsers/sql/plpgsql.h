#pragma once
// The SQL inside PL/pgSQL code: what is written there as SQL, and what is made at run time.

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "proto-parsers/sql/tree.h"

namespace chaperone::sql {

struct PlFragment {
  std::string text;
  ParseMode mode = ParseMode::kStatements;
  bool dynamic = false;  // an expression whose value is run as SQL (EXECUTE and its kin)
};

struct PlCode {
  std::vector<PlFragment> fragments;
  std::set<std::string> variables;   // declared in it, parameters included
  bool transaction_control = false;  // COMMIT or ROLLBACK
  std::string error;                 // not empty: the code could not be read
};

// `statement` is one CREATE FUNCTION, CREATE PROCEDURE or DO whose language is plpgsql, `body` the
// code in it. Read with standard_conforming_strings on.
PlCode read_plpgsql(std::string_view statement, std::string_view body);

}  // namespace chaperone::sql
