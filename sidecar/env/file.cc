#include "sidecar/env/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace chaperone::env {

namespace {

Error file_error(const char* action, const std::string& path, int error) {
  const char* next = "";
  if (error == ENOENT) next = "; check the path and the volume's mount";
  if (error == EACCES || error == EPERM) next = "; the sidecar's user needs the right to it";
  if (error == EROFS) next = "; mount a writable volume there";
  if (error == ENOSPC) next = "; free space on its volume";
  return Error{std::string("cannot ") + action + " " + path + ": " + std::strerror(error) + next};
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

int write_whole(int fd, std::string_view content) {
  while (!content.empty()) {
    ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return ::fsync(fd) == 0 ? 0 : errno;
}

// Without the directory's own sync a crash may lose the rename.
void sync_parent(const std::string& path) {
  std::size_t slash = path.rfind('/');
  std::string parent = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
  Descriptor dir(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (dir.get() >= 0) ::fsync(dir.get());
}

}  // namespace

FileIdentity identify(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return {};
  return {status.st_dev, status.st_ino, static_cast<std::uint64_t>(status.st_size),
          status.st_ctim.tv_sec * 1'000'000'000 + status.st_ctim.tv_nsec};
}

Result<std::string> read_file(const std::string& path, std::size_t bytes_max) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status {};
  if (file.get() < 0 || ::fstat(file.get(), &status) != 0) return file_error("read", path, errno);
  if (!S_ISREG(status.st_mode)) return Error{"cannot read " + path + ": not a regular file"};
  // One byte of room tells a file that is larger than it said.
  std::string content(bytes_max + 1 < 4096 ? bytes_max + 1 : 4096, '\0');
  std::size_t size = 0;
  for (;;) {
    ssize_t got = ::read(file.get(), content.data() + size, content.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return file_error("read", path, errno);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
    if (size > bytes_max) {
      return Error{path + " holds more than " + std::to_string(bytes_max) +
                   " bytes; check that it is the right file"};
    }
    if (size == content.size()) content.resize(std::min(content.size() * 2, bytes_max + 1));
  }
  content.resize(size);
  return content;
}

Result<void> replace_file(const std::string& path, std::string_view content, mode_t mode) {
  std::string beside = path + ".new";
  ::unlink(beside.c_str());
  {
    Descriptor file(
        ::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (file.get() < 0) return file_error("write", beside, errno);
    int error = write_whole(file.get(), content);
    if (!error && ::fchmod(file.get(), mode) != 0) error = errno;
    if (error) return file_error("write", beside, error);
  }
  if (::rename(beside.c_str(), path.c_str()) != 0) return file_error("write", path, errno);
  sync_parent(path);
  return {};
}

Result<void> make_directory(const std::string& path, mode_t mode) {
  for (std::size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
    std::string part = path.substr(0, slash);
    if (::mkdir(part.c_str(), mode) != 0 && errno != EEXIST) {
      return file_error("create directory", part, errno);
    }
    if (slash == std::string::npos) return {};
  }
}

}  // namespace chaperone::env
