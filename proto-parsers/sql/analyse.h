#pragma once
// What a PostgreSQL statement does: text in, Meaning out. Pure, thread-safe, total: whatever cannot
// be classified is an effect of kUnknown with its reason, which policy treats as the worst.
// README.md in this room says how each family of statements maps to effects.
//
// Names in the Meaning are qualified by the catalogue and the live search_path. Without a
// catalogue, and for relations that the catalogue does not hold (a session's temporary tables, for
// one), a name stays as it was written: "customers", not "public.customers".

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto-parsers/core/meaning.h"

namespace chaperone::sql {

class Catalogue;

// How the server reads text now. What is not named here (client encodings with ASCII trailing
// bytes, backslash_quote = on with an unsafe encoding) the session refuses before it asks.
struct Reading {
  bool standard_conforming_strings = true;
  bool backslash_quote_safe = true;  // \' is an error or harmless in this encoding
  int server_version = 150000;       // as server_version_num
  bool operator==(const Reading&) const = default;
};

// The session's prepared statements (SQL's PREPARE and the protocol's Parse share one set of
// names).
class PreparedTexts {
 public:
  // The text after PREPARE ... AS, or of the Parse message; valid for the call to analyse().
  virtual std::optional<std::string_view> text_of(std::string_view name) const = 0;

 protected:
  ~PreparedTexts() = default;
};

// What names mean now, live from the server. `catalogue` may be null: then every name stands for
// itself and every function outside the known harmless built-ins is run_code.
struct Names {
  const Catalogue* catalogue = nullptr;     // outlives the call
  const PreparedTexts* prepared = nullptr;  // may be null: then EXECUTE is unknown
  std::vector<std::string> search_path;     // effective: current_schemas(false), "$user" resolved
  std::string role;                         // current_user
};

// Where secrets stand in a text, and among its parameters. Equal for texts of one shape.
struct SecretPlaces {
  std::vector<std::uint32_t> tokens;      // as redact() counts them; sorted, unique
  std::vector<std::uint16_t> parameters;  // $1 is 1; sorted, unique
  std::vector<std::uint16_t> keyed;       // ... that are ones if another value bound names one
  bool all_literals = false, all_parameters = false;
  bool unreadable = false;  // the text does not parse

  bool in_text() const { return !tokens.empty() || all_literals || unreadable; }
  // `named`: a value that is bound names a secret (value_names_secret() in redact.h).
  bool has_parameter(std::size_t number, bool named) const;
  bool operator==(const SecretPlaces&) const = default;
};

struct Analysis {
  Meaning meaning;

  // Text or names may be read differently afterwards (SET, RESET, DISCARD, set_config, SET ROLE,
  // code that we do not see through, ROLLBACK): judge nothing further until ReadyForQuery.
  bool may_change_reading = false;
  // Anything but an enumerated list of stateless statements (README.md, "Session state").
  bool leaves_session_state = false;
  // The catalogue view is stale once this has run.
  bool changes_catalogue = false;
  bool transaction_control = false;  // BEGIN, COMMIT, ROLLBACK, SAVEPOINT, PREPARE TRANSACTION, ...
  bool copies_in = false, copies_out = false;  // COPY FROM STDIN, COPY TO STDOUT
  SecretPlaces secrets;  // for redact(), before text or parameters are kept
  // Asks for a transaction that may write (BEGIN READ WRITE, SET transaction_read_only, ...):
  // refuse it where the policy lets the subject only read.
  bool lifts_read_only = false;
  // A relation or function was named that the catalogue does not hold: it may be stale. Worth one
  // reload and one more analysis; never a reason to pass anything.
  bool catalogue_miss = false;
};

// `text` is one query string (simple query or Parse); it may hold several statements, of which each
// becomes one Statement. Longer than limits.h allows, NUL bytes and syntax errors are kUnknown.
Analysis analyse(std::string_view text, const Reading& reading, const Names& names);

// The protocol's FunctionCall message, which names its function by number: the large object
// functions that libpq calls, what the catalogue holds, and run_code for every other.
Analysis analyse_function_call(std::uint32_t function, const Reading& reading, const Names& names);

}  // namespace chaperone::sql
