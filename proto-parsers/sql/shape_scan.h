#pragma once
// The single pass of shape_of: the text with the values of its plain constants and the words of its
// comments taken out, fed to a hash; everything else byte for byte, blanks included.

#include <cstdint>
#include <string_view>

#include "proto-parsers/sql/analyse.h"
#include "proto-parsers/sql/siphash.h"

namespace chaperone::sql {

enum class ShapeScan : std::uint8_t {
  kMasked,   // the hash is the shape
  kWhole,    // a constant may matter, or the text is spelled in an unusual way: hash all of it
  kRefused,  // no shape
};

ShapeScan scan_shape(std::string_view text, const Reading& reading, SipHash& hash);

}  // namespace chaperone::sql
