#include "sidecar/session/credential.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace chaperone::session {
namespace {

// A password file holds one line; anything longer is the wrong file.
constexpr std::size_t kCredentialBytesMax = 4096;

Result<Secret> read_secret(const std::string& path) {
  int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return Error{"credential file " + path + ": " + std::strerror(errno)};
  std::array<char, kCredentialBytesMax + 1> buffer{};
  std::size_t size = 0;
  ssize_t got = 0;
  while (size < buffer.size() && (got = ::read(fd, buffer.data() + size, buffer.size() - size)) > 0) {
    size += static_cast<std::size_t>(got);
  }
  int reason = errno;
  ::close(fd);
  // Editors and `echo` leave a newline behind that is not meant.
  while (size > 0 && size <= kCredentialBytesMax && (buffer[size - 1] == '\n' || buffer[size - 1] == '\r')) --size;
  Secret secret(std::string_view(buffer.data(), size > kCredentialBytesMax ? 0 : size));
  wipe_bytes(buffer.data(), buffer.size());
  if (got < 0) return Error{"credential file " + path + ": " + std::strerror(reason)};
  if (size > kCredentialBytesMax) return Error{"credential file " + path + " is longer than 4096 bytes"};
  if (size == 0) return Error{"credential file " + path + " is empty"};
  return secret;
}

std::string version_of(const std::string& path) {
  struct stat facts{};
  if (path.empty() || ::stat(path.c_str(), &facts) != 0) return "-";
  return std::to_string(facts.st_dev) + ":" + std::to_string(facts.st_ino) + ":" +
         std::to_string(facts.st_size) + ":" + std::to_string(facts.st_mtim.tv_sec) + "." +
         std::to_string(facts.st_mtim.tv_nsec);
}

}  // namespace

Result<ReadCredential> read_credential(const policy::Credential& credential) {
  ReadCredential read;
  if (!credential.user_file.empty()) {
    Result<Secret> user = read_secret(credential.user_file);
    if (!user.ok()) return user.error();
    read.user = user->view();
  }
  if (!credential.password_file.empty()) {
    Result<Secret> password = read_secret(credential.password_file);
    if (!password.ok()) return password.error();
    read.password = std::move(password).value();
  }
  return read;
}

std::string credential_version(const policy::Credential& credential) {
  return version_of(credential.user_file) + ";" + version_of(credential.password_file) + ";" +
         version_of(credential.certificate_file) + ";" + version_of(credential.key_file);
}

}  // namespace chaperone::session
