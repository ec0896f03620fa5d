// The protocol's FunctionCall message, by number.

#include <fstream>
#include <sstream>

#include "proto-parsers/sql/analyse.h"
#include "tests/unit/sql/fixture.h"
#include "tests/unit/sql/render.h"
#include "tests/unit/sql/rows.h"

#include "tests/unit/sql/catch.h"

namespace chaperone::sql {

TEST_CASE("functions called by number") {
  Names none{nullptr, nullptr, {"public"}, "agent"};
  CHECK(render(analyse_function_call(954, Reading{}, none)) ==
        "FUNCTION CALL | read\n  calls pg_catalog.loread\n");
  CHECK(render(analyse_function_call(964, Reading{}, none)) ==
        "FUNCTION CALL | delete\n  calls pg_catalog.lo_unlink\n");
  CHECK(render(analyse_function_call(765, Reading{}, none)) ==
        "FUNCTION CALL | export\n  calls pg_catalog.lo_export\n");
  auto other = analyse_function_call(1, Reading{}, none);
  CHECK(other.meaning.effects == Effect::kRunCode);
  CHECK(other.may_change_reading);
}

TEST_CASE("functions of the catalogue called by number") {
  std::ifstream file(golden_folder() + "/fixture.rows");
  std::string rows, number;
  for (std::string line; std::getline(file, line);) {
    rows += line + "\n";
    if (line.starts_with("9\t") && line.find("\tdrop_plain\t") != std::string::npos) {
      number = line.substr(2, line.find('\t', 2) - 2);
    }
  }
  auto catalogue = catalogue_from(rows);
  REQUIRE(catalogue.ok());
  Names names{catalogue.value().get(), nullptr, {"public"}, "agent"};
  auto oid = static_cast<std::uint32_t>(std::stoul(number));
  CHECK(analyse_function_call(oid, Reading{}, names).meaning.effects.has(Effect::kDrop));
}

}  // namespace chaperone::sql
