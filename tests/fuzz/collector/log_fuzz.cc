// A file of the collector's log as a disk may give it back: what is visited is sound, what follows
// is appended behind it, and both are visited again. The input is tried as the file, and as payloads
// each behind a length of two bytes, whose checksums are made to fit.
#include "collector/store/log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>

#include "audit/frame.h"
#include "proto-parsers/base/check.h"

using namespace chaperone;
using namespace chaperone::collector;

namespace {

void spill(const std::string& path, Bytes content) {
  int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  CHECK(fd >= 0);
  CHECK(::write(fd, content.data(), content.size()) == static_cast<ssize_t>(content.size()));
  ::close(fd);
}

std::size_t count(Log& log) {
  std::size_t entries = 0;
  auto visited = log.replay({}, [&](LogPosition at, LogPosition next, Bytes payload) {
    CHECK(at < next);
    auto entry = parse_log_entry(payload);
    if (entry) CHECK(entry->body.size() < payload.size());
    // What the log itself says of a torn tail, when it is opened, is none of ours.
    if (!entry || entry->tag != LogTag::kTorn) ++entries;
    return Result<void>();
  });
  CHECK(visited.ok());
  return entries;
}

struct Folder {
  Folder() { CHECK(::mkdtemp(path.data()) != nullptr); }
  ~Folder() {
    for (std::uint64_t number : {1, 2}) ::unlink(log_path(path, number).c_str());
    ::rmdir(path.c_str());
  }
  std::string path = "/dev/shm/chaperone-fuzz-XXXXXX";
};

void check_file(Bytes content) {
  Folder folder;
  spill(log_path(folder.path, 1), content);
  std::size_t entries = 0;
  {
    auto log = Log::open(folder.path, 1 << 20);
    CHECK(log.ok());
    entries = count(**log);
    std::string frames;
    append_log_json(frames, LogTag::kAccess, "{}");
    CHECK((*log)->append(frames, false).ok());
  }
  auto log = Log::open(folder.path, 1 << 20);
  CHECK(log.ok() && count(**log) == entries + 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes rest{data, size};
  check_file(rest);
  std::string file(kLogMagic);
  while (rest.size() > 2) {
    std::size_t length = std::min<std::size_t>(rest[0] | rest[1] << 8, rest.size() - 2);
    if (length != 0) audit::append_frame(file, rest.subspan(2, length));
    rest = rest.subspan(2 + length);
  }
  file += as_text(rest);
  check_file(as_bytes(file));
  return 0;
}
