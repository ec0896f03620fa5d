#include "sidecar/net/timer.h"

#include <uv.h>

namespace chaperone::net {

struct Timer::Impl {
  uv_timer_t timer;
  std::function<void()> on_fire;
};

Timer::Timer(Loop& loop, std::function<void()> on_fire) : impl_(new Impl{{}, std::move(on_fire)}) {
  CHECK(uv_timer_init(loop.uv(), &impl_->timer) == 0);
  impl_->timer.data = impl_;
}

Timer::~Timer() {
  uv_close(reinterpret_cast<uv_handle_t*>(&impl_->timer),
           [](uv_handle_t* handle) { delete static_cast<Impl*>(handle->data); });
}

void Timer::start(std::uint64_t delay_ms, std::uint64_t repeat_ms) {
  uv_timer_start(
      &impl_->timer,
      // The function may destroy the timer; what it holds must live until it returns.
      [](uv_timer_t* handle) { static_cast<Impl*>(handle->data)->on_fire(); }, delay_ms, repeat_ms);
}

void Timer::stop() { uv_timer_stop(&impl_->timer); }

bool Timer::active() const {
  return uv_is_active(reinterpret_cast<const uv_handle_t*>(&impl_->timer)) != 0;
}

struct Signals::Impl {
  std::vector<uv_signal_t> handles;
  std::function<void(int)> on_signal;
  std::size_t open = 0;
};

Signals::Signals(Loop& loop, std::initializer_list<int> numbers, std::function<void(int)> on_signal)
    : impl_(new Impl{std::vector<uv_signal_t>(numbers.size()), std::move(on_signal), 0}) {
  for (int number : numbers) {
    uv_signal_t& handle = impl_->handles[impl_->open++];
    CHECK(uv_signal_init(loop.uv(), &handle) == 0);
    handle.data = impl_;
    uv_signal_start(
        &handle,
        [](uv_signal_t* signal, int which) {
          auto* impl = static_cast<Impl*>(signal->data);
          if (impl->on_signal) impl->on_signal(which);
        },
        number);
  }
}

Signals::~Signals() {
  for (uv_signal_t& handle : impl_->handles) {
    uv_close(reinterpret_cast<uv_handle_t*>(&handle), [](uv_handle_t* closed) {
      auto* impl = static_cast<Impl*>(closed->data);
      if (--impl->open == 0) delete impl;
    });
  }
}

}  // namespace chaperone::net
