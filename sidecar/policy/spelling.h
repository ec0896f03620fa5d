#pragma once
// Whether two spellings are one value to PostgreSQL. Its input functions take many for the most
// types ('t', 'yes', ' 1 '); an agent chooses the one that a rule does not list.

#include <cstdint>
#include <optional>
#include <string_view>

namespace chaperone::policy {

// PostgreSQL's type numbers (pg_type.dat) that are read here or in their binary format.
enum Oid : std::uint32_t {
  kBool = 16,
  kBytea = 17,
  kChar = 18,
  kName = 19,
  kInt8 = 20,
  kInt2 = 21,
  kInt4 = 23,
  kText = 25,
  kOidType = 26,
  kJson = 114,
  kXml = 142,
  kFloat4 = 700,
  kFloat8 = 701,
  kUnknownType = 705,
  kBpchar = 1042,
  kVarchar = 1043,
  kDate = 1082,
  kNumeric = 1700,
  kUuid = 2950,
};

// A rule's literal and a value that are not numbers (parameter.h compares those). `type` 0 is one
// that nobody said. nullopt: cannot be told, as of two spellings of a timestamp.
std::optional<bool> same_value(std::string_view literal, std::string_view value,
                               std::uint32_t type);

// As boolin() reads it: case, blanks around it and cut words ('tr') do not count.
std::optional<bool> truth_from(std::string_view text);
// As int8in() of PostgreSQL 16 reads it: 0x1F, 0o17, 0b1 and 1_000 too.
std::optional<std::int64_t> integer_from(std::string_view text);
// Without the blanks of C's isspace() around it.
std::string_view trimmed(std::string_view text);

bool is_integer_type(std::uint32_t type);
bool is_number_type(std::uint32_t type);
// Types whose values are their spelling.
bool is_text_type(std::uint32_t type);

}  // namespace chaperone::policy
