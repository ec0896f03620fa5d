#pragma once
// The few calls by which the spool touches the disk, so that tests can lie about it. Paths are
// absolute or relative to the process; errors are errno values.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace chaperone::spool {

class Disk {
 public:
  virtual ~Disk() = default;
  // Creates an empty file (mode 0600) of `bytes` really allocated bytes; fails if it exists.
  // Gives an open descriptor, or -errno.
  virtual int create(const std::string& path, std::uint64_t bytes) = 0;
  virtual int rename(const std::string& from, const std::string& to) = 0;  // 0 or -errno
  virtual int remove(const std::string& path) = 0;
  virtual int write_at(int fd, const void* bytes, std::size_t size, std::uint64_t offset) = 0;
  virtual int sync_data(int fd) = 0;
  virtual int sync_dir(const std::string& path) = 0;
  // Whether a shared mapping of a preallocated file there can be stored to without ever failing.
  virtual bool maps_safely(const std::string& dir) = 0;
};

// The real one; stateless.
Disk& real_disk();

}  // namespace chaperone::spool
