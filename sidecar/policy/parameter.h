#pragma once
// Conditions on bound values. PostgreSQL's text format and the binary format of its plain types
// are read; any other binary value cannot be seen, and then the reading decides: it fits a rule
// that refuses and covers nothing of a rule that allows.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "proto-parsers/core/command.h"
#include "sidecar/policy/regex.h"

namespace chaperone::policy {

// A rule's match is read *broadly* where a match refuses and *narrowly* where it lets pass: doubt
// always falls on the side of refusal.
enum class Reading : std::uint8_t { kBroad, kNarrow };

// Exact where both sides are whole numbers of 64 bits, as doubles otherwise.
struct Number {
  bool whole = true;
  std::int64_t integer = 0;
  double real = 0;
};
std::optional<Number> number_from(std::string_view text);  // blanks around it, signs, exponents
int compare(const Number& a, const Number& b);             // -1, 0, 1; NaN sorts last

// What a rule writes under `equals` or `in`: a number when it stands there without quotes and is
// one, and is then compared as a number. All else is compared as the value's type, where that is
// known, reads it (spelling.h).
struct Literal {
  std::string text;
  std::optional<Number> number;
};

// All that is written must hold.
struct ParameterTest {
  std::uint32_t position = 0;  // from 1; 0: any of them
  std::vector<Literal> in;     // empty: not asked
  std::vector<Regex> regex;    // none or one
  std::optional<Number> above, below;
  std::optional<bool> null;
};

bool holds(const ParameterTest& test, std::span<const Parameter> parameters, Reading reading);

}  // namespace chaperone::policy
