// Any bytes of a client: no crash, the same events at every split, and values that can be read.
#include "proto-parsers/postgres/frontend.h"
#include "tests/fuzz/postgres/split.h"

using namespace chaperone;
using namespace chaperone::pg;

namespace {

std::string say(const FrontendMessage& message, const Step& step) {
  CHECK(message.whole.size() == step.consumed);
  CHECK(message.oversized || message.declared_bytes == step.consumed);
  std::string out(1, static_cast<char>(message.type));
  out += message.oversized ? "oversized" : "";
  out.append(message.statement).append("|").append(message.portal).append("|");
  out.append(message.text).append("|");
  Parameter value;
  std::size_t values = 0;
  for (ParameterReader reader = message.values(); reader.next(value); ++values) {
    out += value.null ? "null" : as_text(value.value);
    out += value.binary ? "b" : "t";
  }
  CHECK(values == message.value_count);
  CHECK(message.parameter_types.size() == 4 * message.parameter_type_count);
  return out;
}

std::string parse(Bytes input, std::size_t piece_bytes) {
  // Small limits, so that small inputs reach them.
  FrontendParser parser({.statement_bytes = 64, .bind_bytes = 128});
  parser.expect_password();
  return fuzz::parse_in_pieces(parser, input, piece_bytes,
                               [&](const Step& step) { return say(parser.event(), step); });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes input(data, size);
  const std::string whole = parse(input, SIZE_MAX);
  CHECK(parse(input, 1) == whole);
  CHECK(parse(input, 7) == whole);
  return 0;
}
