#include "sidecar/policy/spelling.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "proto-parsers/base/ascii.h"

namespace chaperone::policy {
namespace {

constexpr std::uint32_t kFirstNormalOid = 16384;  // FirstNormalObjectId: types that users made

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// `least` letters or more of `whole`.
bool begins(std::string_view whole, std::string_view word, std::size_t least) {
  return word.size() >= least && equal_ignoring_case(whole.substr(0, word.size()), word);
}

using Uuid = std::array<char, 32>;  // its digits in lower case

std::optional<Uuid> uuid_from(std::string_view text) {
  text = trimmed(text);
  if (text.size() >= 2 && text.front() == '{' && text.back() == '}') {
    text = text.substr(1, text.size() - 2);
  }
  Uuid digits{};
  std::size_t size = 0;
  for (char c : text) {
    if (c == '-') continue;
    bool hex = is_digit(c) || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'f');
    if (!hex || size == digits.size()) return std::nullopt;
    digits[size++] = ascii_lower(c);
  }
  if (size != digits.size()) return std::nullopt;
  return digits;
}

// "2026-01-05", the one spelling of a date that every setting of DateStyle reads alike.
bool is_plain_date(std::string_view text) {
  constexpr std::string_view kShape = "0000-00-00";
  return text.size() == kShape.size() &&
         std::equal(text.begin(), text.end(), kShape.begin(),
                    [](char c, char shape) { return shape == '-' ? c == '-' : is_digit(c); });
}

// A literal that the type has no value for equals none; a value that is none the server refuses.
template <class T>
std::optional<bool> compared(const std::optional<T>& literal, const std::optional<T>& value) {
  if (!literal) return false;
  if (!value) return std::nullopt;
  return *literal == *value;
}

// What no type is known of could be of any: alike in one of them is doubt, not difference.
std::optional<bool> alike_in_some_type(std::string_view a, std::string_view b) {
  auto same = [](const std::optional<bool>& answer) { return answer.value_or(false); };
  bool alike = equal_ignoring_case(trimmed(a), trimmed(b)) || same(compared(truth_from(a), truth_from(b))) ||
               same(compared(integer_from(a), integer_from(b))) ||
               same(compared(uuid_from(a), uuid_from(b)));
  return alike ? std::nullopt : std::optional<bool>(false);
}

std::string_view without_padding(std::string_view text) {
  return text.substr(0, text.find_last_not_of(' ') + 1);
}

int base_of(std::string_view digits) {
  if (digits.size() < 3 || digits[0] != '0') return 10;
  switch (ascii_lower(digits[1])) {
    case 'x':
      return 16;
    case 'o':
      return 8;
    case 'b':
      return 2;
    default:
      return 10;
  }
}

}  // namespace

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\n\r\v\f";
  std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

std::optional<bool> truth_from(std::string_view text) {
  std::string_view word = trimmed(text);
  if (begins("true", word, 1) || begins("yes", word, 1) || begins("on", word, 2) || word == "1") {
    return true;
  }
  if (begins("false", word, 1) || begins("no", word, 1) || begins("off", word, 2) || word == "0") {
    return false;
  }
  return std::nullopt;
}

std::optional<std::int64_t> integer_from(std::string_view text) {
  text = trimmed(text);
  bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  int base = base_of(text);
  if (base != 10) text.remove_prefix(2);
  if (text.empty() || text.ends_with('_')) return std::nullopt;
  text.remove_prefix(std::min(text.find_first_not_of("0_"), text.size() - 1));
  std::array<char, 65> digits{};  // a sign and 64 of base 2
  std::size_t size = 0;
  if (negative) digits[size++] = '-';
  for (char c : text) {
    if (c == '_') continue;
    if (size == digits.size() || c == '-') return std::nullopt;
    digits[size++] = c;
  }
  std::int64_t value = 0;
  const char* last = digits.data() + size;
  auto [end, error] = std::from_chars(digits.data(), last, value, base);
  if (error != std::errc{} || end != last) return std::nullopt;
  return value;
}

bool is_integer_type(std::uint32_t type) {
  return type == kInt2 || type == kInt4 || type == kInt8 || type == kOidType;
}

bool is_number_type(std::uint32_t type) {
  return is_integer_type(type) || type == kFloat4 || type == kFloat8 || type == kNumeric;
}

bool is_text_type(std::uint32_t type) {
  constexpr std::array<std::uint32_t, 6> kTypes = {kChar, kName, kText, kJson, kXml, kVarchar};
  return std::find(kTypes.begin(), kTypes.end(), type) != kTypes.end();
}

std::optional<bool> same_value(std::string_view literal, std::string_view value,
                               std::uint32_t type) {
  if (literal == value) return true;
  if (is_text_type(type)) return false;
  if (type == kBool) return compared(truth_from(literal), truth_from(value));
  if (type == kUuid) return compared(uuid_from(literal), uuid_from(value));
  if (type == kBpchar) return without_padding(literal) == without_padding(value);
  if (type == kDate && is_plain_date(literal) && is_plain_date(value)) return false;
  bool told = type != 0 && type != kUnknownType && type < kFirstNormalOid;
  return told ? std::nullopt : alike_in_some_type(literal, value);
}

}  // namespace chaperone::policy
