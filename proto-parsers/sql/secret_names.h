#pragma once
// The names of places where secrets stand: columns, settings, options, keys of JSON, functions.

#include <string_view>

namespace chaperone::sql {

// Whether what is called so holds a secret: password, user_passwd, my.api_key, clientSecret,
// token_hash; not password_changed_at, max_tokens or key. A text of several words names one if one
// of its words does. Beyond 128 bytes nothing is a name.
bool names_secret(std::string_view name);

// Whether a column with this name, of a table with that name, holds one: secrets.value does.
bool holds_secrets(std::string_view table, std::string_view column);

// Whether a column with this name holds what a key beside it says: settings(key, value).
bool is_value_name(std::string_view column);

// Whether a function is given keys, passwords or what a hash is to hide.
bool takes_secrets(std::string_view function);

// Whether a word in the text is any of these names.
bool announces_secret(std::string_view text);

}  // namespace chaperone::sql
