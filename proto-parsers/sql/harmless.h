#pragma once
// The names of PostgreSQL's own functions that compute, or read only the system catalogue, counters
// and settings, and do nothing else.

#include <span>
#include <string_view>

namespace chaperone::sql {

// Each element holds names separated by single spaces.
std::span<const std::string_view> harmless_functions();

}  // namespace chaperone::sql
