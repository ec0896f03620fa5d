#pragma once
// One row per plain field of a record: its number, its name, its place in DecodedRecord. The
// decoder and the JSON view walk the same table, so neither can forget a field. Fields that repeat
// (labels, groups, statements, parameters) have code of their own.

#include <span>
#include <variant>

#include "audit/decoded.h"
#include "audit/fields.h"

namespace chaperone::audit {

// Fields with a range of values of their own.
struct EnumPlace {
  std::optional<std::uint64_t> (*get)(const DecodedRecord&);
  void (*set)(DecodedRecord&, std::uint64_t);
  std::uint64_t max;
  std::string_view (*name)(std::uint64_t);
};

// What a field holds, by the type of its place:
//   string_view      text, never empty          uint64            number, never zero
//   optional<uint64> number, zero said          bool              1 or absent
//   Bytes            a SHA-256                  optional<array>   bytes of that length
//   EffectSet        bits, never zero           EnumPlace         a word
using Place =
    std::variant<std::string_view DecodedRecord::*, std::uint64_t DecodedRecord::*,
                 std::optional<std::uint64_t> DecodedRecord::*, bool DecodedRecord::*,
                 Bytes DecodedRecord::*, std::optional<Id> DecodedRecord::*,
                 std::optional<Hash> DecodedRecord::*, std::optional<Signature> DecodedRecord::*,
                 EffectSet DecodedRecord::*, EnumPlace>;

struct Row {
  std::uint32_t number;
  std::string_view name;
  Place place;
};

// Ascending by number; head and repeated fields are not among them.
std::span<const Row> record_rows();
const Row* row_of(std::uint32_t number);

}  // namespace chaperone::audit
