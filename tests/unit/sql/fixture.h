#pragma once

#include <cstdlib>
#include <string>

namespace chaperone::sql {

inline std::string golden_folder() {
  const char* source = std::getenv("CHAPERONE_SOURCE_DIR");
  return std::string(source ? source : ".") + "/tests/golden/sql";
}

}  // namespace chaperone::sql
