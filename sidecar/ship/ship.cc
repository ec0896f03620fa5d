#include "sidecar/ship/ship.h"

#include <pthread.h>
#include <signal.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "sidecar/ship/backoff.h"
#include "sidecar/ship/sender.h"

namespace chaperone::ship {

namespace {
using Clock = std::chrono::steady_clock;

std::uint64_t random_number() {
  std::uint64_t number = 0;
  audit::random_bytes(reinterpret_cast<std::uint8_t*>(&number), sizeof number);
  return number;
}
}  // namespace

struct Ship::State {
  State(spool::Spool& the_spool, ShipOptions the_options, const Place& place,
        std::function<void()> on_acknowledged)
      : spool(the_spool),
        options(std::move(the_options)),
        acknowledged(std::move(on_acknowledged)),
        sender(spool, options, place, interrupt),
        all_there_at(Clock::now()) {}

  void run();
  void wait_idle();
  void wait_after_error();
  void after(Step step);
  void tell_trouble();
  bool all_there() const { return spool.acknowledged() >= spool.appended(); }

  spool::Spool& spool;
  const ShipOptions options;
  std::function<void()> acknowledged;
  Interrupt interrupt;
  Sender sender;  // the thread's own

  mutable std::mutex mutex;  // what follows
  std::condition_variable wake, progress;
  bool stopping = false, draining = false, poked = false, urgent = false;
  ShipStatus status;
  // When all records were last seen to be there: the lag counts from then.
  Clock::time_point all_there_at;
  bool was_there = true;
  bool telling = false;  // of trouble that is not over yet
  std::optional<Clock::time_point> told_at;
  std::thread thread;
};

// Until poked, and then a little while in which more records may join.
void Ship::State::wait_idle() {
  std::unique_lock lock(mutex);
  bool drains = draining;
  auto until = Clock::now() + std::chrono::milliseconds(drains ? kDrainLookMs : kLookMs);
  wake.wait_until(lock, until, [&] { return stopping || poked || urgent || draining != drains; });
  if (!stopping && !draining && !urgent) {
    auto together = Clock::now() + std::chrono::milliseconds(options.company_ms);
    wake.wait_until(lock, together, [&] { return stopping || draining || urgent; });
  }
  poked = urgent = false;
}

// Not cut short by new records; the beginning of a drain ends it, and then it is short.
void Ship::State::wait_after_error() {
  std::unique_lock lock(mutex);
  bool drains = draining;
  std::uint32_t cap_ms = drains ? kBackoffDrainMs : kBackoffMaxMs;
  auto until = Clock::now() + std::chrono::milliseconds(
                                  backoff_ms(status.errors_in_a_row, cap_ms, random_number()));
  wake.wait_until(lock, until, [&] { return stopping || draining != drains; });
}

// At most once a minute, whatever the trouble and however it comes and goes.
void Ship::State::tell_trouble() {
  if (!options.tell) return;
  const std::string& trouble = status.last_error;
  if (trouble.empty()) {
    if (telling) options.tell("shipping to the collector goes on");
    telling = false;
    return;
  }
  if (told_at && Clock::now() - *told_at < std::chrono::milliseconds(kTellAgainMs)) return;
  options.tell("shipping to the collector failed, records stay in the spool: " + trouble);
  told_at = Clock::now();
  telling = true;
}

void Ship::State::after(Step step) {
  std::lock_guard lock(mutex);
  status.enrolled = sender.enrolled();
  if (step == Step::kFailed) {
    ++status.errors;
    ++status.errors_in_a_row;
    status.last_error = sender.error();
  } else {
    status.errors_in_a_row = 0;
    status.last_error.clear();
  }
  if (step == Step::kSent) {
    ++status.batches;
    status.records += sender.sent_records();
    status.bytes += sender.sent_bytes();
  }
  tell_trouble();
  bool there = all_there();
  if (there || was_there) all_there_at = Clock::now();
  was_there = there;
  progress.notify_all();
}

void Ship::State::run() {
  while (true) {
    {
      std::lock_guard lock(mutex);
      if (stopping) return;
    }
    Step step = sender.step();
    after(step);
    if (step == Step::kSent) acknowledged();
    if (step == Step::kIdle) wait_idle();
    if (step == Step::kFailed) wait_after_error();
  }
}

Result<std::unique_ptr<Ship>> Ship::start(spool::Spool& spool, const ShipOptions& options,
                                          std::function<void()> acknowledged) {
  auto place = parse_place(options.url);
  if (!place) return place.error();
  std::unique_ptr<Ship> ship(
      new Ship(std::make_unique<State>(spool, options, *place, std::move(acknowledged))));
  // A peer that is gone must be an error and not a signal; the thread inherits the mask.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  ship->state_->thread = std::thread([state = ship->state_.get()] { state->run(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return ship;
}

Ship::Ship(std::unique_ptr<State> state) : state_(std::move(state)) {}
Ship::~Ship() { stop(); }

void Ship::poke(bool now) {
  std::lock_guard lock(state_->mutex);
  state_->poked = true;
  state_->urgent = state_->urgent || now;
  state_->wake.notify_one();
}

bool Ship::flush(std::uint32_t deadline_ms) {
  std::unique_lock lock(state_->mutex);
  state_->draining = true;
  state_->wake.notify_one();
  auto until = Clock::now() + std::chrono::milliseconds(deadline_ms);
  bool there = state_->progress.wait_until(lock, until,
                                           [&] { return state_->stopping || state_->all_there(); });
  state_->draining = false;
  return there && state_->all_there();
}

void Ship::stop() {
  {
    std::lock_guard lock(state_->mutex);
    state_->stopping = true;
    state_->wake.notify_one();
    state_->progress.notify_all();
  }
  state_->interrupt.fire();
  if (state_->thread.joinable()) state_->thread.join();
}

ShipStatus Ship::status() const {
  std::uint64_t appended = state_->spool.appended().sequence,
                there = state_->spool.acknowledged().sequence;
  std::lock_guard lock(state_->mutex);
  ShipStatus status = state_->status;
  status.unacknowledged = appended - std::min(there, appended);
  auto since =
      std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - state_->all_there_at);
  status.lag_ms = status.unacknowledged == 0 ? 0 : static_cast<std::uint64_t>(since.count());
  return status;
}

}  // namespace chaperone::ship
