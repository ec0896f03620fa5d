// Any server's message: no crash; what is taken and sent on reads as the same answer, so that the
// agent sees exactly what was judged.
#include "proto-parsers/base/check.h"
#include "proto-parsers/dns/encode.h"
#include "proto-parsers/dns/limits.h"

using namespace chaperone;
using namespace chaperone::dns;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes message(data, size);
  Response response;
  if (read_response(message, response) || response.truncated) return 0;
  Query query;
  const std::string asked = encode_query(response.id, response.question);
  CHECK(read_query(as_bytes(asked), query) == nullptr);
  const std::string sent = encode_reply(query, {&response.answer, 0, {}}, kMessageBytesMax);
  Response again;
  CHECK(read_response(as_bytes(sent), again) == nullptr);
  CHECK(again.truncated || again.answer == response.answer);
  return 0;
}
