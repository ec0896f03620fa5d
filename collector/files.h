#pragma once
// The few calls on files that the collector needs, with errors for people.

#include <cstdint>
#include <string>
#include <string_view>

#include "proto-parsers/base/result.h"

namespace chaperone::collector {

// A descriptor that closes itself.
class File {
 public:
  File() = default;
  explicit File(int fd) : fd_(fd) {}
  File(File&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  File& operator=(File&& other) noexcept;
  ~File();
  int fd() const { return fd_; }
  bool open() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

std::string errno_text(const std::string& what, const std::string& path);

Result<std::string> read_file(const std::string& path, std::size_t bytes_max);
// Written beside and renamed over, synced: whole or not at all, whatever happens. Owner and mode are
// those of the file it replaces; of a new one mode 0600.
Result<void> write_file_whole(const std::string& path, std::string_view content);
Result<void> make_dir(const std::string& path);  // with its parents, mode 0700
Result<void> sync_dir(const std::string& path);
// All or nothing is the caller's: on an error part of it may be written.
Result<void> write_at(const File& file, std::string_view bytes, std::uint64_t offset,
                      const std::string& path);

std::int64_t wall_now_ns();

}  // namespace chaperone::collector
