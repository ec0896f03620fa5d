#include "collector/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <filesystem>

namespace chaperone::collector {
namespace {

// Whoever could read the old file must be able to read the new one.
Result<void> keep_rights(const std::string& old, const File& file, const std::string& name) {
  struct stat of_old {};
  if (::stat(old.c_str(), &of_old) != 0) return {};
  bool kept = ::fchown(file.fd(), of_old.st_uid, of_old.st_gid) == 0 &&
              ::fchmod(file.fd(), of_old.st_mode & 07777) == 0;
  if (kept) return {};
  return Error{errno_text("cannot give the owner and mode of the old file to", name)};
}

}  // namespace

File& File::operator=(File&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

File::~File() {
  if (fd_ >= 0) ::close(fd_);
}

std::string errno_text(const std::string& what, const std::string& path) {
  return what + " " + path + ": " + std::strerror(errno);
}

Result<std::string> read_file(const std::string& path, std::size_t bytes_max) {
  File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.open()) return Error{errno_text("cannot read", path)};
  std::string content;
  char chunk[16 * 1024];
  while (true) {
    ssize_t got = ::read(file.fd(), chunk, sizeof chunk);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Error{errno_text("cannot read", path)};
    if (got == 0) return content;
    content.append(chunk, static_cast<std::size_t>(got));
    if (content.size() > bytes_max) {
      return Error{path + " is longer than " + std::to_string(bytes_max) + " bytes"};
    }
  }
}

Result<void> write_at(const File& file, std::string_view bytes, std::uint64_t offset,
                      const std::string& path) {
  while (!bytes.empty()) {
    ssize_t done = ::pwrite(file.fd(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return Error{errno_text("cannot write", path)};
    bytes.remove_prefix(static_cast<std::size_t>(done));
    offset += static_cast<std::uint64_t>(done);
  }
  return {};
}

Result<void> write_file_whole(const std::string& path, std::string_view content) {
  std::string temporary = path + ".new";
  ::unlink(temporary.c_str());
  File file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file.open()) return Error{errno_text("cannot create", temporary)};
  if (auto kept = keep_rights(path, file, temporary); !kept) return kept;
  if (auto written = write_at(file, content, 0, temporary); !written) return written;
  if (::fsync(file.fd()) != 0) return Error{errno_text("cannot sync", temporary)};
  if (::rename(temporary.c_str(), path.c_str()) != 0)
    return Error{errno_text("cannot rename to", path)};
  return sync_dir(std::filesystem::path(path).parent_path().string());
}

Result<void> make_dir(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), error);
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    return Error{errno_text("cannot make the folder", path)};
  }
  return {};
}

Result<void> sync_dir(const std::string& path) {
  File dir(::open(path.empty() ? "." : path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!dir.open() || ::fsync(dir.fd()) != 0)
    return Error{errno_text("cannot sync the folder", path)};
  return {};
}

std::int64_t wall_now_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

}  // namespace chaperone::collector
