#pragma once
// What the analyser looks up in a catalogue.

#include <cstdint>
#include <string>

namespace chaperone::sql {

struct CatalogueData {
  std::string stamp;
  std::uint64_t digest = 0;
};

}  // namespace chaperone::sql
