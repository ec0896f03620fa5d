// The labels file that the downward API writes, and whose values users of the cluster choose: only
// labels that the configuration keeps, and none of another name.
#include <sys/mman.h>
#include <unistd.h>

#include "proto-parsers/base/bytes.h"
#include "proto-parsers/base/check.h"
#include "sidecar/config/sidecar_config.h"
#include "sidecar/config/subject_reader.h"
#include "sidecar/config/yaml.h"

using namespace chaperone;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  int fd = ::memfd_create("labels", MFD_CLOEXEC);
  CHECK(fd >= 0 && ::write(fd, data, size) == static_cast<ssize_t>(size));
  config::Findings findings("subject.yaml");
  auto node = config::parse_yaml(
      "{labels_kept: [app, team/x], labels_file: /proc/self/fd/" + std::to_string(fd) + "}",
      findings);
  CHECK(node.has_value());
  Subject subject;
  config::read_subject(
      &*node, findings, [](std::string_view) { return std::string(); }, subject);
  ::close(fd);
  for (const auto& [key, value] : subject.labels) {
    CHECK(key == "app" || key == "team/x");
    CHECK(value.size() <= size && value.find('\n') == std::string::npos);
  }
  return 0;
}
