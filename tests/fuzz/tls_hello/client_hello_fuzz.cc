// Any first bytes of a TLS client: no crash, the same answer at every split, names that are
// checked.
#include <algorithm>

#include "proto-parsers/base/check.h"
#include "proto-parsers/tls/client_hello.h"

using namespace chaperone;
using namespace chaperone::tls;

namespace {

std::string say(const ClientHello& hello) {
  std::string out = hello.server_name + (hello.encrypted_hello ? " ech" : "");
  CHECK(hello.alpn.size() <= kAlpnNamesMax);
  for (const std::string& name : hello.alpn) out += " " + name;
  for (char c : hello.server_name) CHECK(c > ' ' && c < 127 && !(c >= 'A' && c <= 'Z'));
  return out;
}

std::string parse(Bytes input, std::size_t piece_bytes) {
  ClientHelloParser parser;
  for (std::size_t end = 0; end < input.size();) {
    end += std::min(piece_bytes, input.size() - end);
    const Step step = parser.next(input.first(end));
    if (step.kind == StepKind::kEvent) {
      CHECK(step.consumed <= end && step.consumed > 0);
      return std::to_string(step.consumed) + say(parser.event());
    }
    if (step.kind == StepKind::kError) return parser.error().reason;
  }
  return "need more";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes input(data, size);
  const std::string whole = parse(input, SIZE_MAX);
  CHECK(parse(input, 1) == whole);
  return 0;
}
