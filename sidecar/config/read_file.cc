#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "sidecar/config/yaml.h"

namespace chaperone::config {
namespace {

Error failed(const std::string& path, const char* what) {
  return Error{path + ": " + what + ": " + std::strerror(errno)};
}

Result<std::string> read_open(int fd, const std::string& path, std::size_t bytes_max) {
  struct stat status {};
  if (fstat(fd, &status) != 0) return failed(path, "cannot be examined");
  if (!S_ISREG(status.st_mode)) return Error{path + ": is not a regular file"};
  std::string text;
  char buffer[16 * 1024];
  for (;;) {
    ssize_t got = read(fd, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed(path, "cannot be read");
    if (got == 0) return text;
    text.append(buffer, static_cast<std::size_t>(got));
    if (text.size() > bytes_max) {
      return Error{path + ": larger than " + std::to_string(bytes_max) + " bytes"};
    }
  }
}

}  // namespace

Result<std::string> read_file(const std::string& path, std::size_t bytes_max) {
  int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // a FIFO must not hang us
  if (fd < 0) return failed(path, "cannot be opened");
  Result<std::string> text = read_open(fd, path, bytes_max);
  close(fd);
  return text;
}

}  // namespace chaperone::config
