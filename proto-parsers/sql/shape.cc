#include "proto-parsers/sql/shape.h"

#include <sys/random.h>

#include <array>

#include "proto-parsers/base/check.h"
#include "proto-parsers/sql/lexer.h"
#include "proto-parsers/sql/limits.h"
#include "proto-parsers/sql/shape_scan.h"
#include "proto-parsers/sql/siphash.h"

namespace chaperone::sql {
namespace {

struct Secret {
  std::uint64_t k0 = 0, k1 = 0;
};

const Secret& secret() {
  static const Secret made = [] {
    Secret fresh;
    CHECK(getrandom(&fresh, sizeof fresh, 0) == static_cast<ssize_t>(sizeof fresh));
    return fresh;
  }();
  return made;
}

// What EXECUTE means depends on the session's prepared statements, not on the text alone.
bool may_execute(std::string_view text) {
  constexpr std::string_view kWord = "execute";
  for (std::size_t i = 0; i + kWord.size() <= text.size(); ++i) {
    if ((text[i] | 0x20) == 'e' && same_word(text.substr(i, kWord.size()), kWord)) return true;
  }
  return false;
}

std::optional<ShapeKey> keyed(std::string_view text, const Reading& reading, const Secret& key) {
  if (text.size() > kShapeBytesMax) return std::nullopt;
  SipHash masked(key.k0, key.k1);
  switch (scan_shape(text, reading, masked)) {
    case ShapeScan::kMasked:
      break;
    case ShapeScan::kRefused:
      return std::nullopt;
    case ShapeScan::kWhole: {
      if (may_execute(text)) return std::nullopt;
      SipHash whole(key.k0, key.k1);
      whole.update(std::string_view("\0W", 2));
      whole.update(text);
      auto result = whole.finish();
      return ShapeKey{result.high, result.low};
    }
  }
  auto result = masked.finish();
  return ShapeKey{result.high, result.low};
}

}  // namespace

std::optional<ShapeKey> shape_of(std::string_view text, const Reading& reading) {
  return keyed(text, reading, secret());
}

std::uint64_t shape_name(std::string_view text, const Reading& reading) {
  auto key = keyed(text, reading, Secret{});
  return key ? key->low : 0;
}

}  // namespace chaperone::sql
