// A review from whoever reaches the port: any answer is a whole JSON document, and the same twice.

#include "injector/json.h"
#include "injector/review.h"
#include "proto-parsers/base/bytes.h"
#include "proto-parsers/base/check.h"

namespace {
chaperone::injector::Config config() {
  auto parsed = chaperone::injector::parse_config(
      R"({"initImage": "i", "sidecarImage": "s", "policies": [
          {"name": "reader", "namespaces": ["agents"], "default": true},
          {"name": "builder", "namespaces": ["agents"], "rootTier": true}]})",
      "fuzz");
  CHECK(parsed.ok());
  return *parsed;
}

void expect_whole(const chaperone::injector::Answer& answer) {
  if (answer.http_status != 200) return;
  CHECK(chaperone::injector::JsonText::parse(answer.body, "answer").ok());
  CHECK((answer.outcome == "refused" || answer.outcome == "warned") == !answer.findings.empty() ||
        answer.outcome == "refused");
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace chaperone;
  static const injector::Config kConfig = config();
  std::string_view body = as_text({data, size});
  injector::Answer mutated = injector::mutate(body, kConfig);
  expect_whole(mutated);
  CHECK(injector::mutate(body, kConfig).body == mutated.body);
  expect_whole(injector::validate(body, kConfig));
  return 0;
}
