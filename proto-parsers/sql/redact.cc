#include "proto-parsers/sql/redact.h"

namespace chaperone::sql {

std::string redact(std::string_view, const Reading&) { return "***"; }

}  // namespace chaperone::sql
