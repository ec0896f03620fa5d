// Any body of a DO block: read as PL/pgSQL, and judged with what is inside.
#include "proto-parsers/sql/plpgsql.h"

#include "proto-parsers/base/bytes.h"
#include "proto-parsers/base/check.h"
#include "proto-parsers/sql/analyse.h"

using namespace chaperone;
using namespace chaperone::sql;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view body = as_text({data, size});
  // Neither can be part of a text that the server took.
  if (body.find('\0') != std::string_view::npos || body.find("$f$") != std::string_view::npos) {
    return 0;
  }
  std::string statement = "DO LANGUAGE plpgsql $f$" + std::string(body) + "$f$";
  PlCode code = read_plpgsql(statement, body);
  for (const PlFragment& fragment : code.fragments) CHECK(fragment.text.size() <= statement.size());
  Analysis analysis = analyse(statement, Reading{}, Names{nullptr, nullptr, {"public"}, "agent"});
  CHECK(!analysis.meaning.effects.empty());
  bool blind = analysis.meaning.effects.has(Effect::kUnknown) ||
               analysis.meaning.effects.has(Effect::kRunCode);
  CHECK(code.error.empty() || blind);
  return 0;
}
