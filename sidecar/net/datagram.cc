#include "sidecar/net/datagram.h"

#include <uv.h>

namespace chaperone::net {

struct Datagram::Impl {
  uv_udp_t socket{};
  Loop& loop;
  OnReceive on_receive;
  std::function<void(const Error&)> on_error;
  bool gone = false;

  explicit Impl(Loop& on) : loop(on) {
    CHECK(uv_udp_init(loop.uv(), &socket) == 0);
    socket.data = this;
  }
  void received(ssize_t size, const uv_buf_t* buffer, const sockaddr* from);
};

void Datagram::Impl::received(ssize_t size, const uv_buf_t* buffer, const sockaddr* from) {
  if (gone) return;
  if (size < 0) {
    if (on_error) on_error(Error{uv_strerror(static_cast<int>(size))});
    return;
  }
  if (!from) return;  // nothing more to read for now
  on_receive({reinterpret_cast<const std::uint8_t*>(buffer->base), static_cast<std::size_t>(size)},
             Address::from(from));
}

Result<std::unique_ptr<Datagram>> Datagram::start(std::unique_ptr<Datagram> datagram) {
  int error = uv_udp_recv_start(
      &datagram->impl_->socket,
      [](uv_handle_t* handle, std::size_t, uv_buf_t* buffer) {
        auto* impl = static_cast<Impl*>(handle->data);
        *buffer = uv_buf_init(reinterpret_cast<char*>(impl->loop.plain_buffer()), kReadBufferBytes);
      },
      [](uv_udp_t* handle, ssize_t size, const uv_buf_t* buffer, const sockaddr* from, unsigned) {
        static_cast<Impl*>(handle->data)->received(size, buffer, from);
      });
  if (error) return Error{std::string("cannot receive datagrams: ") + uv_strerror(error)};
  return datagram;
}

Result<std::unique_ptr<Datagram>> Datagram::open(Loop& loop, const Address& local,
                                                 OnReceive on_receive) {
  auto* impl = new Impl(loop);
  std::unique_ptr<Datagram> datagram(new Datagram(impl));
  impl->on_receive = std::move(on_receive);
  if (int error = uv_udp_bind(&impl->socket, local.raw(), local.v4() ? 0 : UV_UDP_IPV6ONLY)) {
    return Error{"cannot open UDP " + local.to_string() + ": " + uv_strerror(error)};
  }
  return start(std::move(datagram));
}

Result<std::unique_ptr<Datagram>> Datagram::connect(Loop& loop, const Address& peer,
                                                    OnReceive on_receive,
                                                    std::function<void(const Error&)> on_error) {
  auto* impl = new Impl(loop);
  std::unique_ptr<Datagram> datagram(new Datagram(impl));
  impl->on_receive = std::move(on_receive);
  impl->on_error = std::move(on_error);
  if (int error = uv_udp_connect(&impl->socket, peer.raw())) {
    return Error{"cannot ask " + peer.to_string() + ": " + uv_strerror(error)};
  }
  return start(std::move(datagram));
}

Datagram::~Datagram() {
  impl_->gone = true;
  uv_close(reinterpret_cast<uv_handle_t*>(&impl_->socket),
           [](uv_handle_t* handle) { delete static_cast<Impl*>(handle->data); });
}

bool Datagram::send(Bytes bytes, const Address* peer) {
  uv_buf_t buffer =
      uv_buf_init(const_cast<char*>(as_text(bytes).data()), static_cast<unsigned>(bytes.size()));
  return uv_udp_try_send(&impl_->socket, &buffer, 1, peer ? peer->raw() : nullptr) >= 0;
}

std::uint16_t Datagram::port() const {
  sockaddr_storage raw{};
  int bytes = sizeof raw;
  if (uv_udp_getsockname(&impl_->socket, reinterpret_cast<sockaddr*>(&raw), &bytes)) return 0;
  return Address::from(reinterpret_cast<const sockaddr*>(&raw)).port();
}

}  // namespace chaperone::net
