#include "sidecar/spool/syncer.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace chaperone::spool {

struct Syncer::State {
  State(Spool& s, std::uint32_t ms, std::function<void()> w)
      : spool(s), interval(ms), wake(std::move(w)), thread([this] { run(); }) {}
  void run();

  Spool& spool;
  const std::chrono::milliseconds interval;
  const std::function<void()> wake;
  std::mutex mutex;
  std::condition_variable asked;
  bool requested = true;  // what recovery found is not known to be on the disk
  bool stop = false;
  std::atomic<bool> failed{false};
  std::thread thread;  // last: it uses all of the above
};

void Syncer::State::run() {
  std::unique_lock lock(mutex);
  while (!stop) {
    asked.wait_for(lock, interval, [&] { return requested || stop; });
    if (stop) return;
    bool idle = !requested && spool.appended() == spool.durable();
    requested = false;
    if (idle) continue;
    lock.unlock();
    if (!spool.sync()) failed = true;
    wake();
    lock.lock();
  }
}

Syncer::Syncer(Spool& spool, std::uint32_t interval_ms, std::function<void()> wake)
    : state_(std::make_unique<State>(spool, interval_ms, std::move(wake))) {}

Syncer::~Syncer() {
  {
    std::lock_guard lock(state_->mutex);
    state_->stop = true;
  }
  state_->asked.notify_one();
  state_->thread.join();
}

void Syncer::request() {
  {
    std::lock_guard lock(state_->mutex);
    state_->requested = true;
  }
  state_->asked.notify_one();
}

bool Syncer::failed() const { return state_->failed; }

}  // namespace chaperone::spool
