#pragma once
// Takes secrets out of a statement before it is recorded.

#include <string>
#include <string_view>

#include "proto-parsers/sql/analyse.h"

namespace chaperone::sql {

// The text with the value of every PASSWORD 'x', password= and the like in connection strings and
// URLs, OPTIONS (password 'x'), and every string argument of functions that take keys or passwords,
// replaced by '***'; every constant where a query names a secret (a column "password", a setting) and
// may hold its value anywhere; comments that speak of one; tokens of known kinds. A text that cannot be cut into tokens is replaced as a whole when it holds a
// word that announces a secret. Works on texts with syntax errors too. Never fails.
std::string redact(std::string_view text, const Reading& reading);

// Whether a bound value looks like a secret by itself: a connection string, a URL with a password, a
// token of a known kind. Where the statement names a secret, holds_secret() is true of its text, and
// all its bound values are to be kept back.
bool value_holds_secret(std::string_view value);

// Whether redact() would take anything out, or bound values may be secrets.
bool holds_secret(std::string_view text, const Reading& reading);

// False: the text certainly holds none. About a nanosecond a byte.
bool may_hold_secret(std::string_view text);

}  // namespace chaperone::sql
