#pragma once
// Which constants and parameters of a statement stand in a secret's place: worked out once for a
// shape, from its tree and the catalogue, and good for every text of that shape.
//
// A place is a secret's by the names around it (secret_names.h): the column that a value is
// compared with or put into, the setting or option that is set, the key of JSON before it, the
// function that it is given to. Where that cannot be followed (a value that comes from beneath a
// FROM, a list too long) more is taken for a secret than need be.

#include <string_view>

#include "proto-parsers/sql/analyse.h"
#include "proto-parsers/sql/resolver.h"
#include "proto-parsers/sql/tree.h"

namespace chaperone::sql {

// `prepared` may be null. Of a text that did not parse nothing is known but that; if it announces a
// secret, its parameters are ones.
SecretPlaces secret_places(const Tree& tree, std::string_view text, const Reading& reading,
                           const Resolver& resolver, const PreparedTexts* prepared);

}  // namespace chaperone::sql
