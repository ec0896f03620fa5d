#pragma once
// What PostgreSQL's own functions do. The rule: a function of pg_catalog is harmless only if it is
// on the list in builtins.cc; one that does something of its own has an entry with its effects;
// every other is run_code, so that a function of a newer server is refused until it was judged.

#include <optional>
#include <span>
#include <string_view>

#include "proto-parsers/core/meaning.h"

namespace chaperone::sql {

struct Builtin {
  EffectSet effects;  // empty: harmless
  // What a constant argument names: the object's kind and the argument's position, or none.
  ObjectKind argument_kind = ObjectKind::kOther;
  int argument = -1;
  int sql_argument = -1;  // an argument that is itself SQL, analysed too when it is a constant
  bool session_state = false;
  bool may_change_reading = false;
  std::string_view view = {};  // of pg_catalog: the one whose rows it gives too

  bool harmless() const { return effects.empty() && !session_state && !may_change_reading; }
};

// nullopt: not known, so run_code. `name` as in pg_catalog, lower case.
std::optional<Builtin> builtin(std::string_view name);

// Functions of well-known extensions that may stand in any schema and do what cannot be left to
// "run_code" alone: dblink and its like send data out. nullopt: not one of these.
std::optional<Builtin> extension_function(std::string_view name);

// Extensions whose C functions compute and nothing else. SQL and PL/pgSQL ones are not covered.
bool harmless_extension(std::string_view extension);

// Whether analyse() reads constants among this function's arguments (or in casts to this type):
// then a statement's shape holds its whole text. Conservative: any such word in the text counts.
bool reads_constants(std::string_view word);
std::span<const std::string_view> words_that_read_constants();

}  // namespace chaperone::sql
