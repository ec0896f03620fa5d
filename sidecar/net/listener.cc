#include "sidecar/net/listener.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

#include <cerrno>
#include <cstring>

#include "sidecar/net/limits.h"

namespace chaperone::net {

struct Listener::Impl {
  Loop& loop;
  ListenerOptions options;
  OnAccept on_accept;
  std::vector<Socket*> sockets;
  std::uint16_t port = 0;
  std::string unix_path;
  int spare_fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  // on_accept() may destroy the listener: who accepts keeps a copy and looks.
  std::shared_ptr<bool> alive = std::make_shared<bool>(true);

  Impl(Loop& on, ListenerOptions with, OnAccept then)
      : loop(on), options(std::move(with)), on_accept(std::move(then)) {}
  ~Impl();
  int add(const Address& address);  // 0 or errno
  void watch(int fd);
  void accept_from(int fd);
  bool accept_one(int fd);
  void refuse(int fd, const Address& peer);
  bool refuse_with_spare(int fd);
};

// A listening socket and the handle that watches it; freed in its close callback.
struct Listener::Socket {
  uv_poll_t poll;
  int fd;
  Impl* owner;  // null once the listener is gone
};

namespace {

Error listen_error(const Address& address, int error) {
  std::string next;
  if (error == EADDRINUSE) next = "; another process listens there, choose another listen.port";
  if (error == EACCES) next = "; choose a listen.port above 1023";
  return Error{"cannot listen on " + address.to_string() + ": " + std::strerror(error) + next};
}

// A listening socket, or -errno.
int open_socket(const Address& address, const ListenerOptions& options) {
  int fd = ::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (options.reuse_port) setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  if (!address.v4()) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  int backlog = options.backlog ? options.backlog : kListenBacklog;
  if (::bind(fd, address.raw(), address.raw_bytes()) == 0 && ::listen(fd, backlog) == 0) return fd;
  int error = errno;
  ::close(fd);
  return -error;
}

bool somebody_listens(const sockaddr_un& where) {
  int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  bool answered = ::connect(fd, reinterpret_cast<const sockaddr*>(&where), sizeof where) == 0;
  bool refused = !answered && (errno == ECONNREFUSED || errno == ENOENT);
  if (fd >= 0) ::close(fd);
  return !refused;
}

// A listening socket, or -errno. Nobody may connect before the mode is set: listen() comes after.
int open_unix_socket(const std::string& path, unsigned mode, int backlog) {
  sockaddr_un where{};
  where.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof where.sun_path) return -ENAMETOOLONG;
  std::memcpy(where.sun_path, path.data(), path.size());
  if (::access(path.c_str(), F_OK) == 0) {
    if (somebody_listens(where)) return -EADDRINUSE;
    ::unlink(path.c_str());
  }
  int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  if (::bind(fd, reinterpret_cast<sockaddr*>(&where), sizeof where) == 0 &&
      ::chmod(path.c_str(), mode) == 0 && ::listen(fd, backlog) == 0) {
    return fd;
  }
  int error = errno;
  ::close(fd);
  return -error;
}

std::uint16_t port_of(int fd) {
  sockaddr_storage raw{};
  socklen_t size = sizeof raw;
  getsockname(fd, reinterpret_cast<sockaddr*>(&raw), &size);
  return Address::from(reinterpret_cast<sockaddr*>(&raw)).port();
}

bool family_missing(int error) { return error == EAFNOSUPPORT || error == EADDRNOTAVAIL; }

}  // namespace

int Listener::Impl::add(const Address& address) {
  int fd = open_socket(address, options);
  if (fd < 0) return -fd;
  port = port_of(fd);
  watch(fd);
  return 0;
}

void Listener::Impl::watch(int fd) {
  auto* socket = new Socket{{}, fd, this};
  CHECK(uv_poll_init(loop.uv(), &socket->poll, fd) == 0);
  socket->poll.data = socket;
  sockets.push_back(socket);
  uv_poll_start(&socket->poll, UV_READABLE, [](uv_poll_t* poll, int, int) {
    auto* ready = static_cast<Socket*>(poll->data);
    if (ready->owner) ready->owner->accept_from(ready->fd);
  });
}

Listener::Impl::~Impl() {
  *alive = false;
  if (spare_fd >= 0) ::close(spare_fd);
  if (!unix_path.empty()) ::unlink(unix_path.c_str());
  for (Socket* socket : sockets) {
    socket->owner = nullptr;
    uv_poll_stop(&socket->poll);
    ::close(socket->fd);
    uv_close(reinterpret_cast<uv_handle_t*>(&socket->poll),
             [](uv_handle_t* handle) { delete static_cast<Socket*>(handle->data); });
  }
}

void Listener::Impl::accept_from(int fd) {
  std::shared_ptr<bool> still = alive;
  for (int count = 0; count < kAcceptsPerWake && *still; ++count) {
    if (!accept_one(fd)) break;
  }
}

// False where nobody waits (any more).
bool Listener::Impl::accept_one(int fd) {
  sockaddr_storage raw{};
  socklen_t size = sizeof raw;
  auto* peer_raw = reinterpret_cast<sockaddr*>(&raw);
  int client = ::accept4(fd, peer_raw, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (client < 0) {
    if (errno == EMFILE || errno == ENFILE) return refuse_with_spare(fd);
    return errno == ECONNABORTED || errno == EINTR;
  }
  Address peer = Address::from(peer_raw);
  if (options.has_room && !options.has_room()) {
    refuse(client, peer);
    return true;
  }
  Result<StreamPtr> stream = Stream::adopt(loop, client, peer);
  if (stream.ok()) on_accept(std::move(stream).value());
  return true;
}

void Listener::Impl::refuse(int fd, const Address& peer) {
  linger hard{1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  ::close(fd);
  if (options.on_refused) options.on_refused(peer);
}

// Out of descriptors the waiting connection would wake us for ever: the spare one makes room to
// refuse it.
bool Listener::Impl::refuse_with_spare(int fd) {
  if (spare_fd < 0) return false;
  ::close(spare_fd);
  int client = ::accept4(fd, nullptr, nullptr, SOCK_CLOEXEC);
  if (client >= 0) refuse(client, Address());
  spare_fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  return client >= 0;
}

Result<std::unique_ptr<Listener>> Listener::open(Loop& loop, const std::vector<std::string>& ips,
                                                 std::uint16_t port, ListenerOptions options,
                                                 OnAccept on_accept) {
  std::unique_ptr<Listener> listener(new Listener);
  listener->impl_ = std::make_unique<Impl>(loop, std::move(options), std::move(on_accept));
  Impl& impl = *listener->impl_;
  Error why{"no address to listen on"};
  for (const std::string& ip : ips) {
    Result<Address> address = Address::parse(ip, impl.port ? impl.port : port);
    if (!address.ok()) return address.error();
    int error = impl.add(*address);
    if (error) why = listen_error(*address, error);
    if (error && !family_missing(error)) return why;
  }
  if (impl.sockets.empty()) return why;
  return listener;
}

Result<std::unique_ptr<Listener>> Listener::open_unix(Loop& loop, const std::string& path,
                                                      unsigned mode, ListenerOptions options,
                                                      OnAccept on_accept) {
  int backlog = options.backlog ? options.backlog : kListenBacklog;
  int fd = open_unix_socket(path, mode, backlog);
  if (fd < 0) {
    const char* next = fd == -EADDRINUSE ? "; another sidecar listens there" : "";
    return Error{"cannot listen on " + path + ": " + std::strerror(-fd) + next};
  }
  std::unique_ptr<Listener> listener(new Listener);
  listener->impl_ = std::make_unique<Impl>(loop, std::move(options), std::move(on_accept));
  listener->impl_->unix_path = path;
  listener->impl_->watch(fd);
  return listener;
}

Listener::~Listener() = default;

std::uint16_t Listener::port() const { return impl_->port; }

}  // namespace chaperone::net
