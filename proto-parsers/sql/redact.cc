#include "proto-parsers/sql/redact.h"

namespace chaperone::sql {

std::string redact(std::string_view, const Reading&) { return "***"; }
bool holds_secret(std::string_view, const Reading&) { return false; }

}  // namespace chaperone::sql
