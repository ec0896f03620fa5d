#include "sidecar/net/stream.h"

#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sidecar/net/stream_impl.h"
#include "sidecar/net/turn.h"

namespace chaperone::net {

namespace {

constexpr std::uint64_t kFlushMs = 5000;
constexpr int kProbeEverySeconds = 15;
constexpr int kProbesMax = 4;

void set_option(int fd, int level, int name, int value) {
  setsockopt(fd, level, name, &value, sizeof value);  // best effort: an optimisation
}

}  // namespace

void StreamLetGo::operator()(Stream* stream) const {
  StreamImpl& impl = StreamImpl::of(*stream);
  impl.owned = false;
  impl.observer = nullptr;
  impl.start_close();
  impl.dispose_if_done();
}

Result<StreamPtr> Stream::adopt(Loop& loop, int fd, const Address& peer) {
  auto* impl = new StreamImpl(loop);
  impl->peer_address = peer;
  CHECK(uv_tcp_init(loop.uv(), &impl->tcp) == 0);
  impl->tcp.data = impl;
  StreamPtr stream(impl);
  if (int error = uv_tcp_open(&impl->tcp, fd)) {
    ::close(fd);
    return Error{"cannot take over the socket of " + peer.to_string() + ": " + uv_strerror(error)};
  }
  impl->socket = fd;
  stream->set_no_delay(true);
  return stream;
}

void Stream::observe(StreamObserver* observer) {
  StreamImpl& impl = StreamImpl::of(*this);
  bool first = impl.observer == nullptr;
  if (!observer) pause();
  impl.observer = observer;
  if (first) resume();
}

// Nobody reads a paused stream, so nobody would hear that its peer is gone: a client that resets
// while its session waits for a slow server would hold that session, and all it has queued, for
// ever. A peer that only ended its half is not gone.
void StreamImpl::on_sweep(std::uint64_t) {
  if (!is_paused || is_closing || !observer) {
    paused_long = false;
    return;
  }
  pollfd look{socket, 0, 0};
  if (paused_long && ::poll(&look, 1, 0) == 1 && (look.revents & POLLERR)) {
    return fail("the peer has reset the connection");
  }
  paused_long = true;
}

void StreamImpl::start_close() {
  if (is_closing) return;
  on_loop->turn().send();
  is_closing = true;
  socket = -1;
  flush_deadline.reset();
  uv_close(reinterpret_cast<uv_handle_t*>(&tcp),
           [](uv_handle_t* handle) { of(handle).on_uv_closed(); });
}

void StreamImpl::fail(std::string reason) {
  if (is_closing) return;
  why =
      std::make_unique<Error>(Error{"connection with " + peer_address.to_string() + ": " + reason});
  start_close();
}

void StreamImpl::on_uv_closed() {
  is_closed = true;
  telling_closed = true;
  if (observer) observer->on_closed(why.get());
  telling_closed = false;
  dispose_if_done();
}

void StreamImpl::dispose_if_done() {
  if (is_closed && !owned && !telling_closed && !kicked) delete this;
}

void Stream::end() {
  StreamImpl& impl = StreamImpl::of(*this);
  if (impl.end_wanted || impl.is_closing) return;
  if (impl.tls && impl.tls->secure()) {
    impl.tls->end(impl.on_loop->cipher_buffer());
    impl.send_cipher();
  }
  impl.on_loop->turn().send();  // before the FIN
  impl.end_wanted = true;
  if (!impl.queue && !impl.is_closing) impl.send_fin();
}

void Stream::close_after_flush(std::uint64_t deadline_ms) {
  StreamImpl& impl = StreamImpl::of(*this);
  if (impl.is_closing) return;
  std::uint64_t at_ms = impl.on_loop->now_ms() + (deadline_ms ? deadline_ms : kFlushMs);
  if (impl.flush_deadline) return impl.flush_deadline->advance(at_ms);
  end();
  if (impl.is_closing) return;
  // Closing with received bytes unread sends RST, which may overtake what we wrote: so the peer's
  // bytes are read and dropped until it ends its half.
  impl.discarding = true;
  impl.flush_deadline = std::make_unique<FlushDeadline>(*impl.on_loop, *this, at_ms);
  impl.is_paused = false;
  impl.start_reading();
}

void Stream::close_after_peer() {
  StreamImpl& impl = StreamImpl::of(*this);
  if (impl.is_closing || impl.read_ended || impl.flush_deadline) return close_after_flush();
  impl.discarding = true;
  impl.flush_deadline =
      std::make_unique<FlushDeadline>(*impl.on_loop, *this, impl.on_loop->now_ms() + kFlushMs);
  impl.is_paused = false;
  impl.start_reading();
}

void Stream::close() { StreamImpl::of(*this).start_close(); }

void Stream::reset() {
  StreamImpl& impl = StreamImpl::of(*this);
  if (impl.is_closing) return;
  linger hard{1, 0};
  setsockopt(impl.socket, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  impl.start_close();
}

bool Stream::closing() const { return StreamImpl::of(*this).is_closing; }
Loop& Stream::loop() const { return *StreamImpl::of(*this).on_loop; }
int Stream::fd() const { return StreamImpl::of(*this).socket; }
const Address& Stream::peer() const { return StreamImpl::of(*this).peer_address; }

Address Stream::local() const {
  sockaddr_storage raw{};
  socklen_t size = sizeof raw;
  if (getsockname(fd(), reinterpret_cast<sockaddr*>(&raw), &size) != 0) return {};
  return Address::from(reinterpret_cast<sockaddr*>(&raw));
}

void Stream::set_no_delay(bool on) { set_option(fd(), IPPROTO_TCP, TCP_NODELAY, on ? 1 : 0); }

void Stream::set_keep_alive(unsigned idle_s) {
  set_option(fd(), SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(fd(), IPPROTO_TCP, TCP_KEEPIDLE, static_cast<int>(idle_s));
  set_option(fd(), IPPROTO_TCP, TCP_KEEPINTVL, kProbeEverySeconds);
  set_option(fd(), IPPROTO_TCP, TCP_KEEPCNT, kProbesMax);
}

}  // namespace chaperone::net
