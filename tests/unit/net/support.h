#pragma once
// What the tests of streams share: a loop with a guard against hanging, observers that remember,
// and a relay of the shape that sessions have.

#include <memory>
#include <string>
#include <vector>

#include "sidecar/net/dialer.h"
#include "sidecar/net/listener.h"
#include "sidecar/net/timer.h"

namespace chaperone::net::test {

// Runs until `done` holds; fails the test rather than hanging.
void run_until(Loop& loop, const std::function<bool()>& done);

// Remembers what it heard.
struct Ear final : StreamObserver {
  StreamPtr stream;
  std::string heard;
  bool ended = false, drained = false, was_secure = false, closed = false;
  std::string why;  // empty: an orderly end
  std::function<void(Bytes)> then;
  bool let_go_when_closed = true;

  explicit Ear(StreamPtr taken = nullptr) { take(std::move(taken)); }
  void take(StreamPtr taken) {
    stream = std::move(taken);
    if (stream) stream->observe(this);
  }
  void on_bytes(Bytes bytes) override {
    heard.append(as_text(bytes));
    if (then) then(bytes);
  }
  void on_end() override { ended = true; }
  void on_drained() override { drained = true; }
  void on_secure() override { was_secure = true; }
  void on_closed(const Error* error) override {
    closed = true;
    if (error) why = error->message;
    if (let_go_when_closed) stream.reset();
  }
};

// Two connected streams of one loop: what a client and a server hold.
struct Pair {
  std::unique_ptr<Listener> listener;
  Ear client, server;
  explicit Pair(Loop& loop);
};

// Copies both ways with back-pressure and half-close, as a session does.
class Relay {
 public:
  Relay(Loop& loop, StreamPtr client, const Address& upstream);
  bool done() const { return open_ == 0 && !dialer_; }
  std::size_t queued_max() const { return queued_max_; }

 private:
  struct Half final : StreamObserver {
    Relay* relay = nullptr;
    StreamPtr stream;
    Half* other = nullptr;
    void on_bytes(Bytes bytes) override;
    void on_end() override { other->stream->end(); }
    void on_drained() override { other->stream->resume(); }
    void on_closed(const Error* why) override;
  };
  Half client_, upstream_;
  std::unique_ptr<Dialer> dialer_;
  int open_ = 0;
  std::size_t queued_max_ = 0;
};

// A connected pair of blocking sockets' client half, for peers that must misbehave.
int raw_connect(std::uint16_t port);

Address loopback(std::uint16_t port);

}  // namespace chaperone::net::test
