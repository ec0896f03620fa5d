// Any client's message: no crash; what is taken has a name that is one, and a query made from it
// asks the same.
#include "proto-parsers/base/check.h"
#include "proto-parsers/dns/encode.h"
#include "proto-parsers/dns/name.h"

using namespace chaperone;
using namespace chaperone::dns;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes message(data, size);
  Query query;
  if (read_query(message, query)) {
    if (const auto refused = unreadable(message)) encode_refusal(*refused);
    return 0;
  }
  CHECK(is_name(query.question.name));
  Query again;
  CHECK(read_query(as_bytes(encode_query(query.id, query.question)), again) == nullptr);
  CHECK(again.question == query.question && again.id == query.id);
  return 0;
}
