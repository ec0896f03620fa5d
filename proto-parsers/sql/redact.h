#pragma once
// Takes secrets out of a statement before it is recorded.

#include <string>
#include <string_view>

#include "proto-parsers/sql/analyse.h"

namespace chaperone::sql {

// The text with the value of every PASSWORD 'x', password= and the like in connection strings and
// URLs, OPTIONS (password 'x'), and every string argument of functions that take keys or passwords,
// replaced by '***'. A text that cannot be cut into tokens is replaced as a whole when it holds a
// word that announces a secret. Works on texts with syntax errors too. Never fails.
std::string redact(std::string_view text, const Reading& reading);

// Whether redact() would take anything out.
bool holds_secret(std::string_view text, const Reading& reading);

// False: the text certainly holds none. About a nanosecond a byte.
bool may_hold_secret(std::string_view text);

}  // namespace chaperone::sql
