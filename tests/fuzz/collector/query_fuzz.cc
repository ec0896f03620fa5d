// A reader's query: "name=value" lines become parameters.
#include "collector/api/parameters.h"
#include "collector/json.h"
#include "collector/store/where.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace chaperone;
  using namespace chaperone::collector;
  HttpRequest request;
  std::string_view text = as_text({data, size});
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    auto equals = std::min(line.find('='), line.size());
    request.query.emplace(line.substr(0, equals), line.substr(std::min(equals + 1, line.size())));
    (void)parse_time(line);
    (void)utf8_lossy(line);
  }
  (void)parse_page(request).ok();
  auto filter = parse_filter(request, {"limit", "cursor", "order"});
  if (!filter) return 0;
  CHECK(where_records(*filter).ok());
  CHECK(where_sessions(*filter).ok());
  return 0;
}
