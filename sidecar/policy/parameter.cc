#include "sidecar/policy/parameter.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>

#include "proto-parsers/base/byte_reader.h"
#include "sidecar/policy/spelling.h"

namespace chaperone::policy {
namespace {

struct Value {
  bool readable = true;
  std::string_view text;
  std::optional<Number> number;
};

Number whole(std::int64_t value) { return {true, value, static_cast<double>(value)}; }
Number real(double value) { return {false, 0, value}; }

std::optional<Number> binary_number(const Parameter& parameter) {
  ByteReader reader(parameter.value);
  switch (parameter.type) {
    case kInt2:
      return whole(reader.take_i16());
    case kInt4:
      return whole(reader.take_i32());
    case kOidType:
      return whole(reader.take_u32());
    case kInt8:
      return whole(static_cast<std::int64_t>(reader.take_u64()));
    case kFloat4:
      return real(std::bit_cast<float>(reader.take_u32()));
    case kFloat8:
      return real(std::bit_cast<double>(reader.take_u64()));
    default:
      return std::nullopt;
  }
}

bool binary_is_text(std::uint32_t type) {
  return is_text_type(type) || type == kBytea || type == kBpchar || type == kUnknownType;
}

// 32 hexadecimal digits, written as the server writes a uuid.
std::string_view uuid_text(Bytes value, std::span<char> buffer) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::size_t at = 0;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) buffer[at++] = '-';
    buffer[at++] = kDigits[value[i] >> 4];
    buffer[at++] = kDigits[value[i] & 15];
  }
  return {buffer.data(), at};
}

// `buffer` holds the digits of a binary number.
Value read_binary(const Parameter& parameter, std::span<char> buffer) {
  if (binary_is_text(parameter.type)) return {true, as_text(parameter.value), std::nullopt};
  if (parameter.type == kBool && parameter.value.size() == 1) {
    return {true, parameter.value[0] ? "true" : "false", std::nullopt};
  }
  if (parameter.type == kUuid && parameter.value.size() == 16) {
    return {true, uuid_text(parameter.value, buffer), std::nullopt};
  }
  auto number = binary_number(parameter);
  if (!number) return {false, {}, std::nullopt};
  char* last = buffer.data() + buffer.size();
  auto [end, error] = number->whole ? std::to_chars(buffer.data(), last, number->integer)
                                    : std::to_chars(buffer.data(), last, number->real);
  if (error != std::errc{}) return {false, {}, std::nullopt};
  return {true, {buffer.data(), static_cast<std::size_t>(end - buffer.data())}, number};
}

std::optional<Number> number_of(std::string_view text, std::uint32_t type) {
  auto number = number_from(text);
  if (number || !is_number_type(type)) return number;
  auto integer = integer_from(text);
  return integer ? std::optional(whole(*integer)) : std::nullopt;
}

Value read_value(const Parameter& parameter, std::span<char> buffer) {
  if (parameter.binary) return read_binary(parameter, buffer);
  std::string_view text = as_text(parameter.value);
  return {true, text, number_of(text, parameter.type)};
}

// What stands in quotes is a number all the same where the value's type is one.
std::optional<Number> number_of(const Literal& literal, std::uint32_t type) {
  if (literal.number && type != kBool) return literal.number;
  return is_number_type(type) ? number_of(literal.text, type) : std::nullopt;
}

// nullopt: cannot be told.
std::optional<bool> equal(const Literal& literal, const Value& value, std::uint32_t type) {
  if (!value.readable) return std::nullopt;
  auto number = number_of(literal, type);
  if (!number && is_number_type(type)) return false;
  if (!number) return same_value(literal.text, value.text, type);
  if (!value.number) return std::nullopt;
  return compare(*number, *value.number) == 0;
}

std::optional<bool> in_list(const std::vector<Literal>& list, const Value& value,
                            std::uint32_t type) {
  bool doubtful = false;
  for (const Literal& literal : list) {
    auto same = equal(literal, value, type);
    if (same.value_or(false)) return true;
    doubtful |= !same;
  }
  if (doubtful) return std::nullopt;
  return false;
}

std::optional<bool> beyond(const Number& bound, const Value& value, int side) {
  if (!value.number) return std::nullopt;
  return compare(*value.number, bound) == side;
}

bool settle(std::optional<bool> answer, Reading reading) {
  return answer.value_or(reading == Reading::kBroad);
}

bool holds_for(const ParameterTest& test, const Parameter& parameter, Reading reading) {
  if (test.null && *test.null != parameter.null) return false;
  bool asks_value = !test.in.empty() || !test.regex.empty() || test.above || test.below;
  if (!asks_value) return true;
  if (parameter.null) return false;
  std::array<char, 64> buffer;
  Value value = read_value(parameter, buffer);
  if (!test.in.empty() && !settle(in_list(test.in, value, parameter.type), reading)) return false;
  if (test.above && !settle(beyond(*test.above, value, 1), reading)) return false;
  if (test.below && !settle(beyond(*test.below, value, -1), reading)) return false;
  if (test.regex.empty()) return true;
  if (!value.readable) return reading == Reading::kBroad;
  return test.regex.front().found_in(value.text);
}

}  // namespace

std::optional<Number> number_from(std::string_view text) {
  text = trimmed(text);
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  const char* last = text.data() + text.size();
  std::int64_t integer = 0;
  auto [end, error] = std::from_chars(text.data(), last, integer);
  if (error == std::errc{} && end == last) return whole(integer);
  double value = 0;
  auto [real_end, real_error] = std::from_chars(text.data(), last, value);
  if (real_error == std::errc{} && real_end == last) return real(value);
  return std::nullopt;
}

int compare(const Number& a, const Number& b) {
  if (a.whole && b.whole) return a.integer < b.integer ? -1 : a.integer > b.integer ? 1 : 0;
  bool a_nan = std::isnan(a.real), b_nan = std::isnan(b.real);
  if (a_nan || b_nan) return a_nan == b_nan ? 0 : a_nan ? 1 : -1;
  return a.real < b.real ? -1 : a.real > b.real ? 1 : 0;
}

bool holds(const ParameterTest& test, std::span<const Parameter> parameters, Reading reading) {
  if (test.position > parameters.size()) return false;
  if (test.position > 0) return holds_for(test, parameters[test.position - 1], reading);
  return std::any_of(parameters.begin(), parameters.end(), [&](const Parameter& parameter) {
    return holds_for(test, parameter, reading);
  });
}

}  // namespace chaperone::policy
