#pragma once
// What wakes a loop by itself: a timer that must be exact (deadlines of sessions need none, see
// Swept) and the process's signals. Both are resources; destroyed, they are silent at once.

#include <cstdint>
#include <functional>
#include <initializer_list>

#include "sidecar/net/loop.h"

namespace chaperone::net {

class Timer {
 public:
  Timer(Loop& loop, std::function<void()> on_fire);
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  // In `delay_ms`, and then every `repeat_ms` (0: once). Starts over if it was running.
  void start(std::uint64_t delay_ms, std::uint64_t repeat_ms = 0);
  void stop();
  bool active() const;

 private:
  struct Impl;
  Impl* impl_;  // freed in its close callback
};

// Calls back on the loop for each of the signals that arrives.
class Signals {
 public:
  Signals(Loop& loop, std::initializer_list<int> numbers, std::function<void(int)> on_signal);
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

 private:
  struct Impl;
  Impl* impl_;  // freed in the close callback of its last handle
};

}  // namespace chaperone::net
