// Whatever the decoder accepts has exactly the bytes that the encoder makes of it, and a JSON view.

#include <cstdlib>
#include <cstring>

#include "audit/decoded.h"
#include "audit/wire.h"
#include "proto-parsers/base/check.h"
#include "tests/unit/audit/reencode.h"

using namespace chaperone;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes bytes(data, size);
  auto record = audit::decode_record(bytes);
  if (!record) return 0;
  auto again = audit::reencode(*record);
  CHECK(again.size() == size && std::memcmp(again.data(), data, size) == 0);
  CHECK(audit::peek_head(bytes)->sequence == record->sequence);
  CHECK(audit::to_json(*record).back() == '}');
  return 0;
}
