// Any rows that a server may say its catalogue has: the view is built or refused, and statements are
// judged by it to an end, however its views, rules and functions call each other.
#include "proto-parsers/sql/catalogue.h"

#include "proto-parsers/base/bytes.h"
#include "proto-parsers/base/check.h"
#include "proto-parsers/sql/analyse.h"

using namespace chaperone;
using namespace chaperone::sql;

namespace {

using Row = std::vector<std::optional<std::string_view>>;

// Lines of a section's number and values, tabs between, \N for null.
Result<std::shared_ptr<const Catalogue>> catalogue_of(std::string_view text) {
  CatalogueBuilder builder;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    std::size_t section = 0;
    for (; !line.empty() && line[0] >= '0' && line[0] <= '9' && section < 100; line.remove_prefix(1)) {
      section = section * 10 + static_cast<std::size_t>(line[0] - '0');
    }
    Row row;
    while (!line.empty()) {
      line.remove_prefix(1);
      std::string_view value = line.substr(0, line.find('\t'));
      row.push_back(value == "\\N" ? std::nullopt : std::optional(value));
      line.remove_prefix(value.size());
    }
    (void)builder.add(section, row).ok();  // a row of another form is left out
  }
  return builder.finish();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto catalogue = catalogue_of(as_text({data, size}));
  if (!catalogue) return 0;
  Names names{catalogue->get(), nullptr, {"public"}, "agent"};
  for (const char* text :
       {"SELECT * FROM t, v", "INSERT INTO t VALUES (1)", "UPDATE v SET a = f(1) + 1 WHERE id = 2",
        "DELETE FROM public.t", "SELECT public.f(1), g(2, 'x'::d)", "MERGE INTO t USING v ON true "
        "WHEN MATCHED THEN DELETE", "TRUNCATE t CASCADE", "CALL g()"}) {
    Analysis analysis = analyse(text, Reading{}, names);
    CHECK(!analysis.meaning.effects.empty());
  }
  return 0;
}
