#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>

#include "sidecar/admin/admin_server.h"
#include "sidecar/admin/json.h"
#include "sidecar/admin/limits.h"

namespace chaperone::admin {

namespace {

Error ask_error(const std::string& path, int error) {
  const char* next = "";
  if (error == ENOENT || error == ECONNREFUSED) next = "; is the sidecar running?";
  if (error == EACCES || error == EPERM || error == ECONNRESET) {
    next = "; only the sidecar's own user and root may ask";
  }
  return Error{"cannot ask the sidecar at " + path + ": " + std::strerror(error) + next};
}

// A connected socket that gives up on its own after `timeout_ms`, or -errno.
int connect_to(const std::string& path, std::uint64_t timeout_ms) {
  sockaddr_un where{};
  where.sun_family = AF_UNIX;
  if (path.size() >= sizeof where.sun_path) return -ENAMETOOLONG;
  std::memcpy(where.sun_path, path.data(), path.size());
  int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  timeval wait{static_cast<time_t>(timeout_ms / 1000),
               static_cast<suseconds_t>(timeout_ms % 1000 * 1000)};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&where), sizeof where) == 0) return fd;
  int error = errno;
  ::close(fd);
  return -error;
}

// The whole answer up to its newline; errno where there is none.
int exchange(int fd, const std::string& request, std::string& reply) {
  if (::send(fd, request.data(), request.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(request.size())) {
    return errno;
  }
  char buffer[16 * 1024];
  while (reply.size() <= kAdminReplyBytesMax && (reply.empty() || reply.back() != '\n')) {
    ssize_t got = ::recv(fd, buffer, sizeof buffer, 0);
    if (got < 0) return errno == EAGAIN ? ETIMEDOUT : errno;
    if (got == 0) return reply.empty() ? ECONNRESET : EPROTO;
    reply.append(buffer, static_cast<std::size_t>(got));
  }
  return reply.size() > kAdminReplyBytesMax ? EMSGSIZE : 0;
}

}  // namespace

Result<std::string> ask(const std::string& path, const std::string& command,
                        const std::string& arguments, std::uint64_t timeout_ms) {
  int fd = connect_to(path, timeout_ms);
  if (fd < 0) return ask_error(path, -fd);
  std::string reply;
  int error = exchange(fd, admin_request(command, arguments), reply);
  ::close(fd);
  if (error) return ask_error(path, error);
  return parse_admin_reply(reply);
}

}  // namespace chaperone::admin
