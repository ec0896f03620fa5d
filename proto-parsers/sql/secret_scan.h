#pragma once
// The quick looks at every text and value. Case does not matter to them.

#include <string_view>

namespace chaperone::sql {

// False: nothing in the text shows by its own form that it is a secret (secret_values.h), nor does
// anything in it name one.
bool may_hold_secret(std::string_view text);

// False: names_secret() is false of the text and of every part of it.
bool may_name_secret(std::string_view text);

}  // namespace chaperone::sql
