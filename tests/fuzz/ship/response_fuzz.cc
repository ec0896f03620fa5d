// What a collector, or whoever sits in its place, answers.
#include "sidecar/ship/response.h"

#include "proto-parsers/base/bytes.h"
#include "proto-parsers/base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace chaperone::ship;
  std::string_view text = chaperone::as_text({data, size});
  auto end = head_end(text);
  if (!end) return 0;
  CHECK(*end <= size);
  auto head = parse_head(text.substr(0, *end));
  if (!head) return 0;
  CHECK(head->status >= 100 && head->status <= 999);
  CHECK(head->body_bytes <= kBodyBytesMax);
  CHECK(head->error.size() <= 64);
  return 0;
}
