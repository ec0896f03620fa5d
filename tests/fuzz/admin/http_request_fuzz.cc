// The head of an HTTP request, which anybody who reaches the metrics port may send: what is taken
// must lie within the input, and a valid head must say the same when read again.

#include "sidecar/admin/http_request.h"

#include "proto-parsers/base/bytes.h"
#include "proto-parsers/base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace chaperone;
  std::string_view head = as_text({data, size});
  admin::HttpRequest request = admin::parse_http_request(head);
  if (!request.valid) return 0;
  CHECK(!request.path.empty() && request.path.front() == '/');
  CHECK(request.path.data() >= head.data());
  CHECK(request.path.data() + request.path.size() <= head.data() + head.size());
  std::string again = std::string(request.method) + ' ' + std::string(request.path) + " HTTP/1.1";
  admin::HttpRequest second = admin::parse_http_request(again);
  CHECK(second.valid && second.path == request.path && second.method == request.method);
  return 0;
}
