// A spool folder with one segment of any bytes: what the export holds, the verifier can read.
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "audit/verify.h"
#include "cli/spool_export.h"
#include "proto-parsers/base/bytes.h"
#include "proto-parsers/base/check.h"

using namespace chaperone;

namespace {

void spill(const std::string& path, Bytes content) {
  int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  CHECK(fd >= 0);
  CHECK(::write(fd, content.data(), content.size()) == static_cast<ssize_t>(content.size()));
  ::close(fd);
}

// One folder for the whole run, removed at its end.
struct Folder {
  Folder() { CHECK(::mkdtemp(path.data()) != nullptr); }
  ~Folder() {
    ::unlink((path + "/1.segment").c_str());
    ::unlink((path + "/enrolment").c_str());
    ::rmdir(path.c_str());
  }
  std::string path = "/dev/shm/chaperone-fuzz-XXXXXX";
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Folder folder;
  static const audit::PublicKey kCollector{};
  Bytes input(data, size);
  spill(folder.path + "/1.segment", input);
  spill(folder.path + "/enrolment", input.first(std::min<std::size_t>(size, 64)));
  auto exported = cli::spool_as_export(folder.path);
  CHECK(exported.ok());
  auto report = audit::verify_export(as_bytes(*exported), kCollector);
  CHECK(report.proven == 0);
  return 0;
}
