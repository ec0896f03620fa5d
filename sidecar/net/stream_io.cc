#include <sys/socket.h>

#include <cerrno>

#include "sidecar/net/stream_impl.h"
#include "sidecar/net/turn.h"

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
        status == UV_ENOBUFS ? impl->read_socket()
                             : impl->on_read_failed(static_cast<int>(status));
      });
  if (error && error != UV_EALREADY) fail(uv_strerror(error));
}

// A small read waits for the end of the turn. One that fills the buffer is followed by another; the
// bound leaves room for other connections, and what is left then is told again, because the loop
// polls by level.
void StreamImpl::read_socket() {
  Turn& turn = on_loop->turn();
  for (int i = 0; i < kReadsInARow; ++i) {
    std::span<std::uint8_t> room = turn.room();
    ssize_t size = ::recv(socket, room.data(), room.size(), MSG_DONTWAIT);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
    int error = size < 0 ? errno : 0;
    if (size > 0 && static_cast<std::size_t>(size) <= kTurnPartBytesMax) {
      return turn.add(*this, static_cast<std::size_t>(size));
    }
    turn.finish();  // what came before, perhaps on this stream
    if (is_closing) return;
    if (size <= 0) return on_read_failed(size == 0 ? int{UV_EOF} : -error);
    deliver(room.first(static_cast<std::size_t>(size)));
    bool full = static_cast<std::size_t>(size) == room.size();
    if (!full || is_closing || is_paused || read_ended) return;
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
  if (!impl.early) impl.start_reading();
  if (impl.tls || impl.early) impl.kick();
}

bool Stream::paused() const { return StreamImpl::of(*this).is_paused; }

// Bytes that were read before a pause and come after it are kept for resume().
void StreamImpl::deliver(Bytes bytes) {
  if (discarding || is_closing) return;
  if (is_paused) {
    if (!early) early = std::make_unique<std::string>();
    early->append(as_text(bytes));
    return;
  }
  tls ? on_cipher(bytes) : observer->on_bytes(bytes);
}

void StreamImpl::deliver_early() {
  std::unique_ptr<std::string> bytes = std::move(early);
  deliver(as_bytes(*bytes));
  if (!early) start_reading();
}

// Of a paused stream the end is told when it is read again, after resume().
void StreamImpl::on_read_failed(int status) {
  if (status == UV_EOF) {
    if (!is_paused) on_read_end();
    return;
  }
  fail(uv_strerror(status));
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
  if (fin_sent || (discarding && !end_wanted)) start_close();
}

void Stream::write(Bytes bytes) {
  StreamImpl& impl = StreamImpl::of(*this);
  if (bytes.empty() || impl.end_wanted || impl.is_closing || impl.write_broken) return;
  impl.tls ? impl.write_tls(bytes) : impl.send_raw(bytes);
}

void StreamImpl::send_raw(Bytes bytes) {
  if (queue) return enqueue(bytes);
  if (!on_loop->turn().keep(*this, bytes)) send_now(bytes);
}

void StreamImpl::send_now(Bytes bytes) {
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
