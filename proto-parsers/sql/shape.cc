#include "proto-parsers/sql/shape.h"

namespace chaperone::sql {

std::optional<ShapeKey> shape_of(std::string_view, const Reading&) { return std::nullopt; }
std::uint64_t shape_name(std::string_view, const Reading&) { return 0; }

}  // namespace chaperone::sql
