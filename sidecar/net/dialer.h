#pragma once
// Makes one connection (resource). Destroyed before it has answered, it gives up and is silent.

#include <cstdint>
#include <functional>
#include <memory>

#include "sidecar/net/stream.h"

namespace chaperone::net {

class Dialer {
 public:
  using OnDone = std::function<void(Result<StreamPtr>)>;

  // Calls `on_done` once, from the loop: a connected stream without observer, or why not, in words
  // that name the address. The deadline is coarse (kSweepPeriodMs). `on_done` may destroy this.
  Dialer(Loop& loop, const Address& target, std::uint64_t deadline_ms, OnDone on_done);
  ~Dialer();
  Dialer(const Dialer&) = delete;
  Dialer& operator=(const Dialer&) = delete;

 private:
  struct Attempt;
  Attempt* attempt_;  // freed when libuv has let go of it
};

}  // namespace chaperone::net
