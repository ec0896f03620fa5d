#include "sidecar/net/dialer.h"

#include <sys/socket.h>
#include <uv.h>

#include <cerrno>
#include <cstring>

#include "sidecar/net/stream_impl.h"

namespace chaperone::net {

// Lives until libuv has answered the connect, whether or not anyone still waits for it.
struct Dialer::Attempt final : Swept {
  uv_connect_t request{};
  Dialer* dialer;
  StreamPtr stream;
  OnDone on_done;
  Address target;
  std::uint64_t deadline_ms;
  std::uint64_t expires_ms;
  bool timed_out = false;

  Attempt(Loop& loop, Dialer* owner, const Address& to, std::uint64_t within_ms, OnDone then)
      : Swept(loop),
        dialer(owner),
        on_done(std::move(then)),
        target(to),
        deadline_ms(within_ms),
        expires_ms(loop.now_ms() + within_ms) {
    request.data = this;
  }
  Result<void> start(Loop& loop);
  void on_sweep(std::uint64_t now_ms) override;
  void answer(int status);
  void answer_error(const std::string& reason);
};

Result<void> Dialer::Attempt::start(Loop& loop) {
  int fd = ::socket(target.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return Error{std::strerror(errno)};
  Result<StreamPtr> adopted = Stream::adopt(loop, fd, target);
  if (!adopted.ok()) return adopted.error();
  stream = std::move(adopted).value();
  int error = uv_tcp_connect(
      &request, &StreamImpl::of(*stream).tcp, target.raw(),
      [](uv_connect_t* done, int status) { static_cast<Attempt*>(done->data)->answer(status); });
  if (error) return Error{uv_strerror(error)};
  return {};
}

// Closing the handle makes libuv answer the connect, and that ends the attempt.
void Dialer::Attempt::on_sweep(std::uint64_t now_ms) {
  if (timed_out || now_ms < expires_ms || !stream) return;
  timed_out = true;
  stream->close();
}

void Dialer::Attempt::answer(int status) {
  std::unique_ptr<Attempt> self(this);
  if (!dialer) return;
  dialer->attempt_ = nullptr;
  if (status == 0 && !timed_out) return on_done(std::move(stream));
  stream.reset();
  answer_error(timed_out ? "no answer within " + std::to_string(deadline_ms) + " ms"
                         : uv_strerror(status));
}

void Dialer::Attempt::answer_error(const std::string& reason) {
  on_done(Error{"cannot connect to " + target.to_string() + ": " + reason});
}

Dialer::Dialer(Loop& loop, const Address& target, std::uint64_t deadline_ms, OnDone on_done)
    : attempt_(new Attempt(loop, this, target, deadline_ms, std::move(on_done))) {
  Result<void> started = attempt_->start(loop);
  if (started.ok()) return;
  // Never from inside the constructor: the caller does not hold this yet.
  loop.soon([attempt = attempt_, reason = started.error().message] {
    std::unique_ptr<Attempt> self(attempt);
    if (!attempt->dialer) return;
    attempt->dialer->attempt_ = nullptr;
    attempt->stream.reset();
    attempt->answer_error(reason);
  });
}

Dialer::~Dialer() {
  if (!attempt_) return;
  attempt_->dialer = nullptr;
  attempt_->stream.reset();  // libuv answers the connect as cancelled, or soon() does
}

}  // namespace chaperone::net
