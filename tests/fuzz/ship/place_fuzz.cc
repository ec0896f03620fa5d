// The collector's address in a configuration: what is taken can stand in a request's head.
#include "sidecar/ship/place.h"

#include "proto-parsers/base/bytes.h"
#include "proto-parsers/base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto place = chaperone::ship::parse_place(chaperone::as_text({data, size}));
  if (!place) return 0;
  CHECK(!place->host.empty() && !place->port.empty());
  for (unsigned char c : place->header + place->host + place->port) CHECK(c > 0x20 && c != 0x7f);
  return 0;
}
