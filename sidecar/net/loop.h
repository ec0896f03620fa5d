#pragma once
// One thread's event loop (resource). Everything made on a loop belongs to its thread: only post()
// and stop() may be called from another one. Nothing made on a loop may outlive it.

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "proto-parsers/base/bytes.h"
#include "proto-parsers/base/limits.h"
#include "proto-parsers/base/result.h"

struct uv_loop_s;

namespace chaperone::net {

class Loop;
class Turn;

// Something with deadlines that need not be exact: on_sweep() comes every kSweepPeriodMs, for as
// long as it lives. Deadlines of any number cost nothing per message this way: remember the loop's
// now_ms() and compare. It may destroy itself (and any other) in on_sweep().
class Swept {
 public:
  explicit Swept(Loop& loop);
  Swept(const Swept&) = delete;
  Swept& operator=(const Swept&) = delete;
  virtual void on_sweep(std::uint64_t now_ms) = 0;

 protected:
  ~Swept();

 private:
  friend class Loop;
  Loop& swept_by_;
  Swept* previous_ = nullptr;
  Swept* next_ = nullptr;
};

class Loop {
 public:
  // A broken pipe is an error of a write and not a signal: SIGPIPE is ignored from here on.
  Loop();
  // REQUIRES: everything made on the loop is gone. What was posted and has not run is dropped.
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Until stop(). May be run again.
  void run();
  void stop();

  // Runs `work` on the loop's thread, in order. From any thread.
  void post(std::function<void()> work);
  // The same, from the loop's own thread and without a lock; never before the caller has returned.
  void soon(std::function<void()> work);

  // Of the turn that the loop is in: no clock is read.
  std::uint64_t now_ms() const;
  // A read of the monotonic clock, some 30 ns.
  static std::uint64_t now_ns();

  // For the rest of this room. The buffer for what TLS decrypts holds kReadBufferBytes and is
  // allocated when first asked for.
  uv_loop_s* uv();
  Turn& turn();
  std::uint8_t* plain_buffer();
  std::string& cipher_buffer();  // empty between two calls

 private:
  friend class Swept;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace chaperone::net
