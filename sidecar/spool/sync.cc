// What may block: writing to the disk, deleting what is acknowledged, making segments ahead of need.

#include <fcntl.h>

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
void Spool::State::collect() {
  std::uint64_t upto = acknowledged.load();
  while (segments.size() > 1 + kKeptSegments && segments.front().last_sequence <= upto) {
    int status = disk.remove(segment_path(options.dir, segments.front().number));
    if (status != 0 && status != -ENOENT) return;
    closed_bytes -= segments.front().bytes;
    segments.pop_front();
  }
}

void Spool::State::make_spare() {
  bool room = closed_bytes + 2 * options.segment_bytes <= options.bytes_max;
  if (spare.open() || closed || !room) return;
  spare = OwnedFd(disk.create(spare_path(options.dir), options.segment_bytes));
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
  s.collect();
  s.make_spare();
  return {};
}

void Spool::prepare() {
  std::lock_guard lock(state_->mutex);
  state_->collect();
  state_->make_spare();
}

void Spool::acknowledge(Position position) {
  State& s = *state_;
  std::uint64_t upto = std::min(position.sequence, s.appended.load());
  std::uint64_t before = s.acknowledged.load();
  while (before < upto && !s.acknowledged.compare_exchange_weak(before, upto)) {}
}

}  // namespace chaperone::spool
