#include "sidecar/spool/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>

#include "audit/text.h"
#include "sidecar/spool/disk.h"
#include "sidecar/spool/limits.h"

namespace chaperone::spool {
namespace {

constexpr std::string_view kSegmentSuffix = ".segment";
constexpr std::size_t kNumberDigits = 12;

std::optional<std::uint64_t> number_of(std::string_view name) {
  if (name.size() != kNumberDigits + kSegmentSuffix.size() || !name.ends_with(kSegmentSuffix)) {
    return std::nullopt;
  }
  std::uint64_t number = 0;
  auto [end, fault] = std::from_chars(name.data(), name.data() + kNumberDigits, number);
  bool whole = fault == std::errc() && end == name.data() + kNumberDigits && number > 0;
  return whole ? std::optional(number) : std::nullopt;
}

}  // namespace

OwnedFd& OwnedFd::operator=(OwnedFd&& other) noexcept {
  if (fd_ >= 0) ::close(fd_);
  fd_ = std::exchange(other.fd_, -1);
  return *this;
}
OwnedFd::~OwnedFd() {
  if (fd_ >= 0) ::close(fd_);
}

std::string reason(int negative_errno) { return std::strerror(-negative_errno); }

Result<void> make_dir(const std::string& path) {
  for (std::size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
    std::string part = path.substr(0, slash);
    if (::mkdir(part.c_str(), 0700) != 0 && errno != EEXIST) {
      return Error{"cannot make the folder " + part + ": " + reason(-errno)};
    }
    if (slash == std::string::npos) return {};
  }
}

Result<std::size_t> read_into(const std::string& path, std::vector<std::uint8_t>& buffer,
                              std::uint64_t bytes_max) {
  OwnedFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat info {};
  if (!fd.open() || ::fstat(fd.get(), &info) != 0) {
    return Error{"cannot read " + path + ": " + reason(-errno)};
  }
  auto size = static_cast<std::uint64_t>(info.st_size);
  if (size > bytes_max) return Error{path + " is larger than such a file may be"};
  if (buffer.size() < size) buffer.resize(size);
  std::size_t have = 0;
  while (have < size) {
    ssize_t got = ::pread(fd.get(), buffer.data() + have, size - have, static_cast<off_t>(have));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Error{"cannot read " + path + ": " + reason(-errno)};
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  return have;
}

Result<std::string> read_file(const std::string& path, std::uint64_t bytes_max) {
  if (::access(path.c_str(), F_OK) != 0 && errno == ENOENT) return std::string();
  std::vector<std::uint8_t> buffer;
  auto size = read_into(path, buffer, bytes_max);
  if (!size) return size.error();
  std::string content(as_text(Bytes(buffer).first(*size)));
  audit::wipe(buffer.data(), buffer.size());  // it may be the key
  return content;
}

Result<void> replace_file(const std::string& dir, const std::string& name, Bytes content) {
  std::string path = dir + "/" + name, aside = path + ".new";
  OwnedFd fd(::open(aside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  int status =
      fd.open() ? real_disk().write_at(fd.get(), content.data(), content.size(), 0) : -errno;
  if (status == 0) status = real_disk().sync_data(fd.get());
  if (status == 0) status = real_disk().rename(aside, path);
  if (status == 0) status = real_disk().sync_dir(dir);
  if (status != 0) return Error{"cannot write " + path + ": " + reason(status)};
  return {};
}

std::string segment_path(const std::string& dir, std::uint64_t number) {
  std::string digits = std::to_string(number);
  if (digits.size() < kNumberDigits) digits.insert(0, kNumberDigits - digits.size(), '0');
  return dir + "/" + digits + std::string(kSegmentSuffix);
}

std::string spare_path(const std::string& dir) { return dir + "/spare"; }

Result<std::vector<std::uint64_t>> segment_numbers(const std::string& dir) {
  DIR* folder = ::opendir(dir.c_str());
  if (!folder) return Error{"cannot list " + dir + ": " + reason(-errno)};
  std::vector<std::uint64_t> numbers;
  while (const dirent* entry = ::readdir(folder)) {
    if (auto number = number_of(entry->d_name)) numbers.push_back(*number);
  }
  ::closedir(folder);
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

audit::Id boot_id() {
  // A file of the kernel has no size to ask for.
  OwnedFd fd(::open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC));
  char text[64];
  ssize_t got = fd.open() ? ::read(fd.get(), text, sizeof text) : 0;
  std::string digits(text, static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  std::erase_if(digits, [](char c) { return c == '-' || c == '\n'; });
  audit::Id id{};
  audit::from_hex(digits, id);
  return id;
}

}  // namespace chaperone::spool
