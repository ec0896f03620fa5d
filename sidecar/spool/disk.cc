#include "sidecar/spool/disk.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>

namespace chaperone::spool {
namespace {

class RealDisk final : public Disk {
 public:
  int create(const std::string& path, std::uint64_t bytes) override {
    int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) return -errno;
    int status = allocate(fd, bytes);
    if (status == 0) return fd;
    ::close(fd);
    ::unlink(path.c_str());
    return status;
  }

  int rename(const std::string& from, const std::string& to) override {
    return ::rename(from.c_str(), to.c_str()) == 0 ? 0 : -errno;
  }

  int remove(const std::string& path) override { return ::unlink(path.c_str()) == 0 ? 0 : -errno; }

  int write_at(int fd, const void* bytes, std::size_t size, std::uint64_t offset) override {
    auto* from = static_cast<const char*>(bytes);
    while (size > 0) {
      ssize_t done = ::pwrite(fd, from, size, static_cast<off_t>(offset));
      if (done < 0 && errno == EINTR) continue;
      if (done < 0) return -errno;
      from += done;
      offset += static_cast<std::uint64_t>(done);
      size -= static_cast<std::size_t>(done);
    }
    return 0;
  }

  int truncate(const std::string& path, std::uint64_t bytes) override {
    return ::truncate(path.c_str(), static_cast<off_t>(bytes)) == 0 ? 0 : -errno;
  }

  int sync_data(int fd) override { return ::fdatasync(fd) == 0 ? 0 : -errno; }

  int sync_dir(const std::string& path) override {
    int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return -errno;
    int status = ::fsync(fd) == 0 ? 0 : -errno;
    ::close(fd);
    return status;
  }

  bool maps_safely(const std::string& dir) override {
    struct statfs fs {};
    if (::statfs(dir.c_str(), &fs) != 0) return false;
    static constexpr std::array<long, 3> kSafe = {0xEF53 /* ext4 */, 0x58465342 /* xfs */,
                                                  0x01021994 /* tmpfs */};
    return std::find(kSafe.begin(), kSafe.end(), static_cast<long>(fs.f_type)) != kSafe.end();
  }

 private:
  int allocate(int fd, std::uint64_t bytes) {
    if (::fallocate(fd, 0, 0, static_cast<off_t>(bytes)) == 0) return 0;
    if (errno != EOPNOTSUPP) return -errno;
    static constexpr std::array<char, 65536> kZeros{};
    for (std::uint64_t at = 0; at < bytes; at += kZeros.size()) {
      std::size_t size = std::min<std::uint64_t>(kZeros.size(), bytes - at);
      if (int status = write_at(fd, kZeros.data(), size, at); status != 0) return status;
    }
    return 0;
  }
};

}  // namespace

Disk& real_disk() {
  static RealDisk disk;
  return disk;
}

}  // namespace chaperone::spool
