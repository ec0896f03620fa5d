#pragma once
// The few calls by which the spool writes to the disk, so that tests can lie about it. Each answers
// 0 (or a descriptor) or -errno.

#include <cstddef>
#include <cstdint>
#include <string>

namespace chaperone::spool {

class Disk {
 public:
  virtual ~Disk() = default;
  // A new file (mode 0600) of `bytes` really allocated zeros, open for reading and writing. Fails
  // if it exists; leaves nothing behind when it fails.
  virtual int create(const std::string& path, std::uint64_t bytes) = 0;
  virtual int rename(const std::string& from, const std::string& to) = 0;
  virtual int remove(const std::string& path) = 0;
  virtual int write_at(int fd, const void* bytes, std::size_t size, std::uint64_t offset) = 0;
  virtual int truncate(const std::string& path, std::uint64_t bytes) = 0;
  virtual int sync_data(int fd) = 0;
  virtual int sync_dir(const std::string& path) = 0;
  // Whether stores to a shared mapping of a file that create() made there can never fail. Where
  // preallocated blocks are copied on write (btrfs, zfs, overlay above them) they can.
  virtual bool maps_safely(const std::string& dir) = 0;
};

// The real one; stateless.
Disk& real_disk();

}  // namespace chaperone::spool
