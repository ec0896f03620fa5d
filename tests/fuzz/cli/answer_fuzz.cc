// What a collector, or whoever sits in its place, answers: read and shown without a crash, and no
// control character of it reaches the terminal.
#include "cli/terminal.h"
#include "cli/view.h"
#include "proto-parsers/base/bytes.h"
#include "proto-parsers/base/check.h"

using namespace chaperone;

namespace {

void check_shown(const std::string& text) {
  cli::Table table({"TEXT", "REST"});
  table.add({{text, cli::Tint::kPlain}, {text, cli::Tint::kBad}});
  for (std::size_t width : {0, 10, 80}) {
    for (unsigned char c : table.text({false, width})) CHECK((c >= 0x20 && c != 0x7f) || c == '\n');
  }
  CHECK(cli::columns(cli::cut(cli::one_line(text), 20)) <= 20);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string text(as_text({data, size}));
  check_shown(text);
  auto json = cli::parse_json(text);
  if (!json) return 0;
  for (const char* key : {"items", "text", "why"}) {
    check_shown(cli::text_at(*json, key));
    check_shown(cli::joined(cli::array_at(*json, key)));
    (void)cli::number_at(cli::object_at(*json, key), key);
  }
  CHECK(cli::parse_json(cli::to_text(*json)).ok());
  return 0;
}
