// What may block: writing to the disk, deleting what is acknowledged, making segments ahead of
// need.

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "sidecar/spool/limits.h"
#include "sidecar/spool/state.h"

namespace chaperone::spool {
namespace {

int sync_segment(Disk& disk, const Unsynced& segment) {
  if (segment.fd) return disk.sync_data(segment.fd->get());
  OwnedFd fd(::open(segment.path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.open()) return errno == ENOENT ? 0 : -errno;  // acknowledged and deleted meanwhile
  return disk.sync_data(fd.get());
}

}  // namespace

// The oldest go first, and the kept one is the youngest that is no longer written.
std::vector<Segment> Spool::State::take_acknowledged() {
  std::vector<Segment> taken;
  std::uint64_t upto = acknowledged.load();
  while (segments.size() > 1 + kKeptSegments && segments.front().last_sequence <= upto) {
    closed_bytes -= segments.front().bytes;
    taken.push_back(segments.front());
    segments.pop_front();
  }
  return taken;
}

// What cannot be deleted goes on counting, and is tried again.
void Spool::State::put_back(const std::vector<Segment>& rest) {
  for (auto segment = rest.rbegin(); segment != rest.rend(); ++segment) {
    closed_bytes += segment->bytes;
    segments.push_front(*segment);
  }
}

std::vector<Segment> Spool::State::remove_files(std::vector<Segment> taken) {
  while (!taken.empty()) {
    int status = disk.remove(segment_path(options.dir, taken.front().number));
    if (status != 0 && status != -ENOENT) break;
    taken.erase(taken.begin());
  }
  return taken;
}

void Spool::State::collect() { put_back(remove_files(take_acknowledged())); }

bool Spool::State::wants_spare() const {
  return !spare.open() && !closed && closed_bytes + 2 * options.segment_bytes <= options.bytes_max;
}

// Files are deleted and made without the lock, which appending waits for. REQUIRES: sync_mutex.
void Spool::State::keep_house() {
  std::unique_lock held(mutex);
  std::vector<Segment> taken = take_acknowledged();
  bool make = wants_spare();
  held.unlock();
  taken = remove_files(std::move(taken));
  OwnedFd made(make ? disk.create(spare_path(options.dir), options.segment_bytes) : -1);
  held.lock();
  put_back(taken);
  if (!made.open()) return;
  if (wants_spare())
    spare = std::move(made);
  else
    (void)disk.remove(spare_path(options.dir));
}

// The lock is held only to note what to do and what was done.
Result<void> Spool::sync() {
  State& s = *state_;
  std::lock_guard one(s.sync_mutex);
  std::unique_lock lock(s.mutex);
  if (!s.failure.empty()) return Error{s.failure};
  std::uint64_t target = s.appended.load();
  std::vector<Unsynced> dirty = s.unsynced;
  std::size_t done = dirty.size();
  if (s.file) dirty.push_back({"", s.file->fd()});
  bool dir = std::exchange(s.dir_unsynced, false);
  bool nothing = target == s.durable.load() && !dir;
  lock.unlock();
  int status = dir ? s.disk.sync_dir(s.options.dir) : 0;
  for (const Unsynced& segment : dirty) {
    if (status == 0 && !nothing) status = sync_segment(s.disk, segment);
  }
  lock.lock();
  if (status != 0) {
    s.failure = "spool: the disk failed to write (" + reason(status) +
                "); nothing is let through until a restart on a sound disk";
    return Error{s.failure};
  }
  s.unsynced.erase(s.unsynced.begin(), s.unsynced.begin() + static_cast<std::ptrdiff_t>(done));
  s.durable.store(target, std::memory_order_release);
  lock.unlock();
  s.keep_house();
  return {};
}

void Spool::prepare() {
  std::lock_guard one(state_->sync_mutex);
  state_->keep_house();
}

void Spool::acknowledge(Position position) {
  State& s = *state_;
  std::uint64_t upto = std::min(position.sequence, s.appended.load());
  std::uint64_t before = s.acknowledged.load();
  while (before < upto && !s.acknowledged.compare_exchange_weak(before, upto)) {
  }
}

}  // namespace chaperone::spool
