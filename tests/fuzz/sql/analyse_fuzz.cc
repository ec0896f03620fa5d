// Any text, with and without a catalogue that bites: no crash, and an answer that holds together.

#include <cstdlib>

#include "proto-parsers/base/bytes.h"
#include "proto-parsers/base/check.h"
#include "proto-parsers/sql/analyse.h"
#include "proto-parsers/sql/catalogue.h"
#include "proto-parsers/sql/redact.h"

using namespace chaperone;
using namespace chaperone::sql;

namespace {

using Row = std::vector<std::optional<std::string_view>>;

// A table with a trigger, a view over it, and functions in SQL and PL/pgSQL.
std::shared_ptr<const Catalogue> small_catalogue() {
  CatalogueBuilder builder;
  auto add = [&](std::size_t query, Row row) { CHECK(builder.add(query, row).ok()); };
  add(0, {"20000", "public", "t", "r", "t", "f", "0"});
  add(0, {"20001", "public", "v", "v", "f", "f", "0"});
  add(1, {"20000", "id", "23", "t", "1"});
  add(1, {"20000", "a", "30000", "f", "2"});
  add(2, {"20001", "SELECT t.id FROM public.t WHERE public.f(t.id) > 1"});
  add(4, {"20000", "tr", "31", "21001",
          "CREATE TRIGGER tr BEFORE INSERT ON public.t FOR EACH ROW EXECUTE FUNCTION public.g()"});
  add(5, {"20000", "*", "(public.f(id) > 0)"});
  add(8, {"20001", "20000"});
  add(9,
      {"21000", "public", "f", "sql", "f", "v", "",
       "CREATE FUNCTION public.f(n int) RETURNS int LANGUAGE sql AS $$ SELECT public.f(n) $$", ""});
  add(9, {"21001", "public", "g", "plpgsql", "f", "v", "",
          "CREATE FUNCTION public.g() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN DELETE FROM t; "
          "RETURN NEW; END $$",
          ""});
  add(10, {"public", "+", "21000"});
  add(11, {"30000", "public", "d", "23", "0"});
  add(13, {"30000", "(public.f(VALUE) > 0)"});
  auto made = builder.finish();
  CHECK(made.ok());
  return made.value();
}

void check_analysis(const Analysis& analysis) {
  EffectSet all;
  for (const auto& statement : analysis.meaning.statements) {
    all |= statement.effects;
    CHECK(!statement.verb.empty());
    CHECK(statement.effects.has(Effect::kUnknown) == !statement.unknown_because.empty());
    for (const auto& object : statement.objects) CHECK(object.effects.within(statement.effects));
  }
  CHECK(analysis.meaning.effects == all);
  if (all.has(Effect::kUnknown))
    CHECK(analysis.may_change_reading && analysis.leaves_session_state);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto catalogue = small_catalogue();
  if (size == 0) return 0;
  Reading reading;
  reading.standard_conforming_strings = (data[0] & 1) == 0;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  check_analysis(analyse(text, reading, Names{nullptr, nullptr, {"public"}, "agent"}));
  check_analysis(analyse(text, reading, Names{catalogue.get(), nullptr, {"public"}, "agent"}));
  Names names{catalogue.get(), nullptr, {"public"}, "agent"};
  SecretPlaces places = analyse(text, reading, names).secrets;
  auto redacted = redact(text, reading, places);
  CHECK(!redacted || redacted->find("***") != std::string::npos);
  is_secret(1, as_bytes(text), value_names_secret(as_bytes(text)), reading, places);
  return 0;
}
