#pragma once
// Takes secrets out of a statement and its parameters before they are recorded: what stands in a
// secret's place (secret_places.h), and what shows by its own form (secret_values.h).

#include <optional>
#include <string>
#include <string_view>

#include "proto-parsers/base/bytes.h"
#include "proto-parsers/sql/analyse.h"

namespace chaperone::sql {

// The text with every secret replaced by ***; nullopt if there is none, at a nanosecond
// a byte. `places` is of this text's shape. Never fails:
// - code in strings (DO, function bodies, EXECUTE) loses all literals of a statement that holds a
//   word which announces a secret (secret_names.h), and where it has variables all of its literals;
// - a text that does not parse and holds such a word loses its literals, and all that stands
//   between that word and the end of its statement.
std::optional<std::string> redact(std::string_view text, const Reading& reading,
                                  const SecretPlaces& places);

// Whether parameter `number` (from 1) is to be left out of the record. `named`: one of the values
// bound beside it names a secret, as 'db_password' does in a table of settings.
bool is_secret(std::size_t number, Bytes value, bool named, const Reading& reading,
               const SecretPlaces& places);
bool value_names_secret(Bytes value);

// Names of objects are recorded too, and some are text: a program, a file. The meaning for the
// record, if that differs from the one for the policy.
std::optional<Meaning> redact(const Meaning& meaning);

}  // namespace chaperone::sql
