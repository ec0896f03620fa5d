// Any bytes as YAML and as the sidecar's configuration: findings with places, or a value.
#include "proto-parsers/base/bytes.h"
#include "proto-parsers/base/check.h"
#include "sidecar/config/sidecar_config.h"
#include "sidecar/config/yaml.h"

using namespace chaperone;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text = as_text({data, size});
  config::Findings findings("fuzz.yaml");
  auto node = config::parse_yaml(text, findings);
  CHECK(node.has_value() == findings.empty());
  if (node) (void)config::canonical_form(*node);
  // The one file that a configuration opens while it is read must not be one of this machine.
  if (text.find("labels_file") != std::string_view::npos) return 0;
  auto nothing = [](std::string_view) { return std::string(); };
  auto parsed = config::parse_sidecar_config(text, "fuzz.yaml", nothing);
  CHECK(parsed.ok() || parsed.error().message.find("fuzz.yaml") == 0);
  return 0;
}
