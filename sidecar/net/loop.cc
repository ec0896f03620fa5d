#include "sidecar/net/loop.h"

#include <signal.h>
#include <time.h>
#include <uv.h>

#include <mutex>

#include "sidecar/net/limits.h"
#include "sidecar/net/turn.h"

namespace chaperone::net {

struct Loop::Impl {
  uv_loop_t loop;
  uv_async_t wake;
  uv_idle_t idle;
  uv_timer_t sweep;
  Swept* first = nullptr;
  Swept* cursor = nullptr;  // the next one of a sweep that is under way
  std::vector<std::function<void()>> soon;
  std::mutex mutex;
  std::vector<std::function<void()>> posted;  // under mutex
  Turn turn;
  uv_check_t turn_end;
  std::unique_ptr<std::uint8_t[]> plain_buffer;
  std::string cipher_buffer;

  void run_posted();
  void run_soon();
  void run_sweep();
};

void Loop::Impl::run_posted() {
  std::vector<std::function<void()>> work;
  {
    std::lock_guard lock(mutex);
    work.swap(posted);
  }
  for (auto& function : work) function();
}

void Loop::Impl::run_soon() {
  std::vector<std::function<void()>> work;
  work.swap(soon);
  for (auto& function : work) function();
  if (soon.empty() && !uv_is_closing(reinterpret_cast<uv_handle_t*>(&idle))) uv_idle_stop(&idle);
}

void Loop::Impl::run_sweep() {
  std::uint64_t now_ms = uv_now(&loop);
  for (Swept* swept = first; swept; swept = cursor) {
    cursor = swept->next_;
    swept->on_sweep(now_ms);
  }
  cursor = nullptr;
}

Loop::Loop() : impl_(std::make_unique<Impl>()) {
  ::signal(SIGPIPE, SIG_IGN);
  CHECK(uv_loop_init(&impl_->loop) == 0);
  impl_->loop.data = impl_.get();
  CHECK(uv_async_init(&impl_->loop, &impl_->wake, [](uv_async_t* handle) {
          static_cast<Impl*>(handle->loop->data)->run_posted();
        }) == 0);
  CHECK(uv_idle_init(&impl_->loop, &impl_->idle) == 0);
  CHECK(uv_timer_init(&impl_->loop, &impl_->sweep) == 0);
  CHECK(uv_check_init(&impl_->loop, &impl_->turn_end) == 0);
  uv_check_start(&impl_->turn_end, [](uv_check_t* handle) {
    static_cast<Impl*>(handle->loop->data)->turn.finish();
  });
  uv_unref(reinterpret_cast<uv_handle_t*>(&impl_->turn_end));
}

Loop::~Loop() {
  for (auto* handle :
       {reinterpret_cast<uv_handle_t*>(&impl_->wake), reinterpret_cast<uv_handle_t*>(&impl_->idle),
        reinterpret_cast<uv_handle_t*>(&impl_->sweep),
        reinterpret_cast<uv_handle_t*>(&impl_->turn_end)}) {
    uv_close(handle, nullptr);
  }
  // What is left must be on its way out; anything else would wait here for ever.
  uv_walk(
      &impl_->loop, [](uv_handle_t* handle, void*) { CHECK(uv_is_closing(handle)); }, nullptr);
  while (uv_run(&impl_->loop, UV_RUN_NOWAIT) != 0 || !impl_->soon.empty()) impl_->run_soon();
  CHECK(impl_->first == nullptr);
  CHECK(uv_loop_close(&impl_->loop) == 0);
}

void Loop::run() { uv_run(&impl_->loop, UV_RUN_DEFAULT); }

void Loop::stop() {
  post([this] { uv_stop(&impl_->loop); });
}

void Loop::post(std::function<void()> work) {
  {
    std::lock_guard lock(impl_->mutex);
    impl_->posted.push_back(std::move(work));
  }
  uv_async_send(&impl_->wake);
}

void Loop::soon(std::function<void()> work) {
  impl_->soon.push_back(std::move(work));
  if (uv_is_closing(reinterpret_cast<uv_handle_t*>(&impl_->idle))) return;  // ~Loop() runs it
  uv_idle_start(&impl_->idle,
                [](uv_idle_t* handle) { static_cast<Impl*>(handle->loop->data)->run_soon(); });
}

std::uint64_t Loop::now_ms() const { return uv_now(&impl_->loop); }

std::uint64_t Loop::now_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec);
}

uv_loop_s* Loop::uv() { return &impl_->loop; }
Turn& Loop::turn() { return impl_->turn; }
std::string& Loop::cipher_buffer() { return impl_->cipher_buffer; }

std::uint8_t* Loop::plain_buffer() {
  if (!impl_->plain_buffer) impl_->plain_buffer.reset(new std::uint8_t[kReadBufferBytes]);
  return impl_->plain_buffer.get();
}

Swept::Swept(Loop& loop) : swept_by_(loop), next_(loop.impl_->first) {
  if (next_) next_->previous_ = this;
  loop.impl_->first = this;
  if (!next_) {
    uv_timer_start(
        &loop.impl_->sweep,
        [](uv_timer_t* handle) { static_cast<Loop::Impl*>(handle->loop->data)->run_sweep(); },
        kSweepPeriodMs, kSweepPeriodMs);
  }
}

Swept::~Swept() {
  Loop::Impl& loop = *swept_by_.impl_;
  if (loop.cursor == this) loop.cursor = next_;
  if (next_) next_->previous_ = previous_;
  (previous_ ? previous_->next_ : loop.first) = next_;
  if (!loop.first && !uv_is_closing(reinterpret_cast<uv_handle_t*>(&loop.sweep))) {
    uv_timer_stop(&loop.sweep);
  }
}

}  // namespace chaperone::net
