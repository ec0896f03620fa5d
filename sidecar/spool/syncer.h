#pragma once
// Group commit off the loop: one thread that calls Spool::sync() when asked, or when records have
// waited for `interval_ms`, and then wakes the loop.

#include <cstdint>
#include <functional>
#include <memory>

#include "sidecar/spool/spool.h"

namespace chaperone::spool {

class Syncer {
 public:
  // `wake` is called on the syncer's thread after each sync, done or failed: it must only signal
  // (uv_async_send). The loop then compares Spool::durable() with what its commands wait for, and
  // failed() tells that waiting is in vain.
  Syncer(Spool& spool, std::uint32_t interval_ms, std::function<void()> wake);
  ~Syncer();  // ends the thread; no wake after it
  Syncer(const Syncer&) = delete;
  Syncer& operator=(const Syncer&) = delete;

  // Sync as soon as possible: one fdatasync serves all who asked while the last one ran.
  void request();
  bool failed() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace chaperone::spool
