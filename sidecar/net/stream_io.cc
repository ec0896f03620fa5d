#include <sys/socket.h>

#include <cerrno>

#include "sidecar/net/stream_impl.h"

namespace chaperone::net {

namespace {

uv_stream_t* as_stream(uv_tcp_t& tcp) { return reinterpret_cast<uv_stream_t*>(&tcp); }

// How many bytes the kernel took; 0 where it has no room; -errno where it takes no more ever.
ssize_t try_send(int fd, Bytes bytes) {
  ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent >= 0) return sent;
  return errno == EAGAIN || errno == EINTR || errno == ENOBUFS ? 0 : -errno;
}

}  // namespace

// libuv tells that there is something to read; the reading is done here, because recv() costs half of
// the read() that libuv would make. Offered no buffer, it answers UV_ENOBUFS and reads nothing.
void StreamImpl::start_reading() {
  if (is_paused || is_closing || read_ended) return;
  int error = uv_read_start(
      as_stream(tcp),
      [](uv_handle_t*, std::size_t, uv_buf_t* buffer) { *buffer = uv_buf_init(nullptr, 0); },
      [](uv_stream_t* stream, ssize_t status, const uv_buf_t*) {
        auto* impl = static_cast<StreamImpl*>(stream->data);
        status == UV_ENOBUFS ? impl->read_socket() : impl->on_read(status);
      });
  if (error && error != UV_EALREADY) fail(uv_strerror(error));
}

// A read that fills the buffer is followed by another; the bound leaves room for other connections.
// What is left then is told again, because the loop polls by level.
void StreamImpl::read_socket() {
  for (int i = 0; i < kReadsInARow; ++i) {
    ssize_t size = ::recv(socket, on_loop->read_buffer(), kReadBufferBytes, MSG_DONTWAIT);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
    on_read(size > 0 ? size : size == 0 ? ssize_t{UV_EOF} : ssize_t{-errno});
    if (size < ssize_t{kReadBufferBytes} || is_closing || is_paused || read_ended) return;
  }
}

void Stream::pause() {
  StreamImpl& impl = StreamImpl::of(*this);
  if (impl.is_paused || impl.discarding) return;
  impl.is_paused = true;
  if (!impl.is_closing) uv_read_stop(as_stream(impl.tcp));
  // With nobody reading, nobody would learn that the connection is broken.
  if (impl.write_broken) impl.on_write_error(EPIPE);
}

void Stream::resume() {
  StreamImpl& impl = StreamImpl::of(*this);
  if (!impl.is_paused || !impl.observer || impl.is_closing) return;
  impl.is_paused = false;
  impl.start_reading();
  if (impl.tls) impl.kick();
}

bool Stream::paused() const { return StreamImpl::of(*this).is_paused; }

void StreamImpl::on_read(ssize_t size) {
  if (size > 0) {
    if (discarding) return;
    Bytes bytes{on_loop->read_buffer(), static_cast<std::size_t>(size)};
    return tls ? on_cipher(bytes) : observer->on_bytes(bytes);
  }
  if (size == UV_EOF) return on_read_end();
  fail(uv_strerror(static_cast<int>(size)));
}

// What was decrypted, or kept by a pause, comes before the end.
void StreamImpl::on_read_end() {
  read_ended = true;
  uv_read_stop(as_stream(tcp));
  if (tls && tls->secure() && !discarding) return pump_tls();
  on_peer_end();
}

void StreamImpl::on_peer_end() {
  if (peer_ended) return;
  if (tls && !tls->secure()) return fail("the peer left during the TLS handshake");
  peer_ended = read_ended = true;
  uv_read_stop(as_stream(tcp));
  if (write_broken) return fail("the peer has closed the connection while we were sending");
  if (!discarding && observer) observer->on_end();
  if (fin_sent) start_close();
}

void Stream::write(Bytes bytes) {
  StreamImpl& impl = StreamImpl::of(*this);
  if (bytes.empty() || impl.end_wanted || impl.is_closing || impl.write_broken) return;
  impl.tls ? impl.write_tls(bytes) : impl.send_raw(bytes);
}

void StreamImpl::send_raw(Bytes bytes) {
  if (queue) return enqueue(bytes);
  ssize_t sent = try_send(socket, bytes);
  if (sent < 0) return on_write_error(static_cast<int>(-sent));
  if (static_cast<std::size_t>(sent) < bytes.size()) {
    enqueue(bytes.subspan(static_cast<std::size_t>(sent)));
  }
}

void StreamImpl::enqueue(Bytes bytes) {
  if (queued_bytes() + bytes.size() > kWriteQueueBytesHard) {
    return fail("the peer takes nothing and " + std::to_string(kWriteQueueBytesHard) +
                " bytes wait for it");
  }
  if (queue) {
    queue->waiting.append(as_text(bytes));
  } else {
    queue = std::make_unique<WriteQueue>();
    queue->request.data = this;
    queue->in_flight.assign(as_text(bytes));
    fly(0);
  }
  was_over = was_over || over_mark();
}

void StreamImpl::fly(std::size_t sent) {
  auto rest = uv_buf_init(queue->in_flight.data() + sent,
                          static_cast<unsigned>(queue->in_flight.size() - sent));
  int error =
      uv_write(&queue->request, as_stream(tcp), &rest, 1, [](uv_write_t* request, int status) {
        static_cast<StreamImpl*>(request->data)->on_written(status);
      });
  if (error) on_write_error(-error);
}

void StreamImpl::on_written(int status) {
  if (is_closing) return;
  if (status < 0) return on_write_error(-status);
  queue->in_flight.swap(queue->waiting);
  queue->waiting.clear();
  if (queue->in_flight.empty()) return on_queue_empty();
  ssize_t sent = try_send(socket, as_bytes(queue->in_flight));
  if (sent < 0) return on_write_error(static_cast<int>(-sent));
  if (static_cast<std::size_t>(sent) == queue->in_flight.size()) return on_queue_empty();
  fly(static_cast<std::size_t>(sent));
}

void StreamImpl::on_queue_empty() {
  queue.reset();
  if (end_wanted) send_fin();
  if (!was_over) return;
  was_over = false;
  if (observer && !is_closing) observer->on_drained();
}

// A server that refuses says why and closes: the error of our write must not lose what it said. So
// reading goes on to its end, which comes at once, and only with nobody reading we close here.
void StreamImpl::on_write_error(int error) {
  write_broken = true;
  if (is_paused || peer_ended) fail(uv_strerror(uv_translate_sys_error(error)));
}

void StreamImpl::send_fin() {
  if (fin_sent || is_closing) return;
  fin_sent = true;
  ::shutdown(socket, SHUT_WR);
  if (peer_ended) start_close();
}

std::size_t Stream::queued_bytes() const {
  const StreamImpl& impl = StreamImpl::of(*this);
  return impl.queue ? impl.tcp.write_queue_size + impl.queue->waiting.size() : 0;
}

bool Stream::over_mark() const { return queued_bytes() > StreamImpl::of(*this).mark; }

void Stream::set_write_mark(std::size_t bytes) {
  StreamImpl::of(*this).mark = static_cast<std::uint32_t>(bytes);
}

}  // namespace chaperone::net
