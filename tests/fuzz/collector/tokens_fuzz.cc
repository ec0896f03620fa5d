// An operator's file, and what the store may find in its own.
#include <vector>

#include "collector/store/log.h"
#include "collector/tokens.h"
#include "proto-parsers/base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace chaperone;
  using namespace chaperone::collector;
  auto table = TokenTable::parse(as_text({data, size}));
  if (table) CHECK(!table->find("no such token"));
  auto entry = parse_log_entry({data, size});
  if (entry) CHECK(entry->body.size() < size);
  return 0;
}
