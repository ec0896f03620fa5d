// The user's settings file and the times people type: an error or a value, and never a crash.
#include "cli/settings.h"

#include "cli/times.h"
#include "proto-parsers/base/bytes.h"
#include "proto-parsers/base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace chaperone;
  std::string text(as_text({data, size}));
  auto settings = cli::parse_settings(text);
  if (!settings) CHECK(settings.error().message.starts_with("line "));
  auto time = cli::time_parameter(text, 1'700'000'000);
  if (!time) CHECK(!time.error().message.empty());
  CHECK(cli::short_time(text).size() <= std::max<std::size_t>(text.size(), 14));
  return 0;
}
