// Any bytes: no crash, and the same key for the same text.

#include "proto-parsers/base/check.h"
#include "proto-parsers/sql/shape.h"

using namespace chaperone::sql;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  for (bool standard : {true, false}) {
    Reading reading;
    reading.standard_conforming_strings = standard;
    auto key = shape_of(text, reading);
    CHECK(key == shape_of(text, reading));
    CHECK(key.has_value() == (shape_name(text, reading) != 0));
  }
  return 0;
}
