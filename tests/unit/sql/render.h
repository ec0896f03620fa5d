#pragma once
// An Analysis as the corpus files of tests/golden/sql write it.

#include <string>

#include "proto-parsers/sql/analyse.h"

namespace chaperone::sql {

// One line per statement ("VERB effects bound limit"), then its objects, columns, functions and the
// reason where it is unknown, then one line of flags.
std::string render(const Analysis& analysis);

}  // namespace chaperone::sql
