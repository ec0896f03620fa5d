#pragma once
// Small files and the names in the spool's folder.

#include <cstdint>
#include <string>
#include <vector>

#include "audit/crypto.h"
#include "proto-parsers/base/bytes.h"
#include "proto-parsers/base/result.h"

namespace chaperone::spool {

// Closes its descriptor.
class OwnedFd {
 public:
  OwnedFd() = default;
  explicit OwnedFd(int fd) : fd_(fd) {}
  OwnedFd(OwnedFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  OwnedFd& operator=(OwnedFd&& other) noexcept;
  ~OwnedFd();
  int get() const { return fd_; }
  bool open() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

std::string reason(int negative_errno);  // "No space left on device"

Result<void> make_dir(const std::string& path);  // 0700, parents included
// The whole file into memory that is used again for the next; its size, or the reason.
Result<std::size_t> read_into(const std::string& path, std::vector<std::uint8_t>& buffer,
                              std::uint64_t bytes_max);
// The whole file; empty if it is not there.
Result<std::string> read_file(const std::string& path, std::uint64_t bytes_max);
// Written aside, synced and renamed: the old content or the new, whatever happens. Mode 0600.
Result<void> replace_file(const std::string& dir, const std::string& name, Bytes content);

std::string segment_path(const std::string& dir, std::uint64_t number);
std::string spare_path(const std::string& dir);
// The numbers of the segments in the folder, ascending.
Result<std::vector<std::uint64_t>> segment_numbers(const std::string& dir);

// The kernel's boot id, zeros where there is none.
audit::Id boot_id();

}  // namespace chaperone::spool
