// Any bytes as a file of policy cases: cases or findings with the file's name.
#include "sidecar/policy/tool/cases.h"

#include <sys/mman.h>
#include <unistd.h>

#include <string>

#include "proto-parsers/base/bytes.h"
#include "proto-parsers/base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace chaperone;
  // The one file that cases open while they are read must not be one of this machine.
  if (as_text({data, size}).find("labels_file") != std::string_view::npos) return 0;
  int fd = ::memfd_create("cases", MFD_CLOEXEC);
  CHECK(fd >= 0 && ::write(fd, data, size) == static_cast<ssize_t>(size));
  std::string path = "/proc/self/fd/" + std::to_string(fd);
  auto cases = policy_tool::load_cases(path);
  ::close(fd);
  if (!cases) {
    CHECK(cases.error().message.find(path) == 0);
    return 0;
  }
  CHECK(!cases->cases.empty());
  for (const auto& one : cases->cases) CHECK(one.line > 0);
  return 0;
}
