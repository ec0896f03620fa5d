#include "collector/store/store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <chrono>

#include "audit/frame.h"

namespace chaperone::collector {

namespace {
// One group is one write and one sync: large enough for a burst of batches, small enough to be
// written in well under a second.
constexpr std::size_t kGroupBytesMax = 16 * 1024 * 1024;
constexpr std::size_t kNotesMax = 1024;

// Whether the log lacks what the index was made from. Syncs come first, so no crash does this.
bool ends_before(const std::string& log_dir, LogPosition indexed) {
  struct stat facts {};
  bool there = ::stat(log_path(log_dir, indexed.file).c_str(), &facts) == 0;
  if (!there) return indexed != LogPosition{};
  return static_cast<std::uint64_t>(facts.st_size) < indexed.offset;
}

// Of a file without records: its alarms and accesses are as old as its last write.
std::int64_t written_ns(const std::string& path) {
  struct stat facts {};
  if (::stat(path.c_str(), &facts) != 0) return 0;
  return facts.st_mtim.tv_sec * 1'000'000'000 + facts.st_mtim.tv_nsec;
}
}  // namespace

Result<std::unique_ptr<Store>> Store::open(const StoreOptions& options,
                                           const audit::PublicKey& collector) {
  std::unique_ptr<Store> store(new Store(options));
  if (auto made = make_dir(options.dir); !made) return made.error();
  std::string lock_path = options.dir + "/lock";
  store->lock_ = File(::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!store->lock_.open()) return Error{errno_text("cannot open", lock_path)};
  if (::flock(store->lock_.fd(), LOCK_EX | LOCK_NB) != 0) {
    return Error{options.dir + " is in use by another collector; one folder serves one process"};
  }
  if (auto recovered = store->recover(collector); !recovered) return recovered.error();
  store->thread_ = std::thread([raw = store.get()] { raw->run(); });
  return store;
}

Result<void> Store::recover(const audit::PublicKey& collector) {
  auto log = Log::open(log_dir(), options_.log_file_bytes);
  if (!log) return log.error();
  log_ = std::move(*log);
  auto index = Index::open(index_path(), collector);
  if (!index) return index.error();
  index_ = std::move(*index);

  status_.log_short = ends_before(log_dir(), index_->indexed());
  if (auto begun = index_->begin(); !begun) return begun;
  auto replayed =
      log_->replay(index_->indexed(), [&](LogPosition at, LogPosition next, Bytes payload) {
        return index_->apply(at, next, payload);
      });
  if (!replayed) return replayed;
  if (auto committed = index_->commit(); !committed) return committed;

  auto writers = index_->writers();
  if (!writers) return writers.error();
  writers_ = std::move(*writers);
  log_bytes_ = log_->bytes();
  status_.log_bytes = log_bytes_;
  status_.torn_bytes = log_->torn_bytes();
  status_.last_record_id = index_->last_record_id();
  return {};
}

Store::~Store() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  queued_.notify_all();
  wake();
  if (thread_.joinable()) thread_.join();
}

Result<void> Store::commit(std::string frames) {
  Result<void> result;
  bool done = false;
  std::unique_lock lock(mutex_);
  if (stopping_) return Error{"the collector is stopping; send the batch again"};
  queue_.push_back({std::move(frames), true, &result, &done});
  queued_.notify_one();
  committed_.wait(lock, [&] { return done; });
  return result;
}

void Store::note(std::string frames) {
  std::lock_guard lock(mutex_);
  if (stopping_ || queue_.size() >= kNotesMax) return;
  queue_.push_back({std::move(frames), false, nullptr, nullptr});
  queued_.notify_one();
}

bool Store::wait_for_record(std::int64_t after_id, std::uint64_t timeout_ms) {
  std::unique_lock lock(mutex_);
  std::uint64_t wakes = wakes_;
  auto ready = [&] { return status_.last_record_id > after_id || wakes_ != wakes || stopping_; };
  indexed_.wait_for(lock, std::chrono::milliseconds(timeout_ms), ready);
  return status_.last_record_id > after_id;
}

void Store::wake() {
  std::lock_guard lock(mutex_);
  ++wakes_;
  indexed_.notify_all();
}

StoreStatus Store::status() const {
  std::lock_guard lock(mutex_);
  return status_;
}

std::vector<Store::Pending> Store::take_group() {
  std::unique_lock lock(mutex_);
  queued_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
  std::size_t count = 0, bytes = 0;
  while (count < queue_.size() &&
         (count == 0 || bytes + queue_[count].frames.size() <= kGroupBytesMax)) {
    bytes += queue_[count++].frames.size();
  }
  auto split = queue_.begin() + static_cast<std::ptrdiff_t>(count);
  std::vector<Pending> group(std::make_move_iterator(queue_.begin()),
                             std::make_move_iterator(split));
  queue_.erase(queue_.begin(), split);
  return group;
}

void Store::run() {
  while (true) {
    auto group = take_group();
    if (group.empty()) return;  // stopping, and nothing is left
    Result<void> result;
    {
      std::lock_guard lock(disk_mutex_);
      result = commit_group(group);
    }
    finish(group, result);
  }
}

Result<void> Store::commit_group(const std::vector<Pending>& group) {
  std::string frames;
  bool sync = false;
  for (const Pending& pending : group) {
    frames += pending.frames;
    sync = sync || pending.sync;
  }
  if (options_.bytes_max != 0 && log_bytes_ + frames.size() > options_.bytes_max) {
    return Error{"the store is full (" + std::to_string(log_bytes_) +
                 " bytes); raise --store-bytes-max or shorten --retention-days"};
  }
  auto first = log_->append(frames, sync);
  if (!first) return first.error();
  log_bytes_ += frames.size();
  auto indexed = index_behind_ ? catch_up() : index_frames(*first, frames);
  if (!indexed) std::fprintf(stderr, "chaperone-collector: %s\n", indexed.error().message.c_str());
  index_behind_ = !indexed;
  return {};  // durable in the log: the index catches up with the next group, or at the next start
}

Result<void> Store::index_frames(LogPosition first, std::string_view frames) {
  if (auto begun = index_->begin(); !begun) return begun;
  auto apply = [&](LogPosition at, LogPosition next, Bytes payload) {
    return index_->apply(at, next, payload);
  };
  Result<void> applied;
  audit::FrameReader reader(as_bytes(frames));
  LogPosition at = first;
  while (auto payload = reader.next()) {
    LogPosition next{first.file, first.offset + reader.offset()};
    if (applied = apply(at, next, *payload); !applied) break;
    at = next;
  }
  if (applied) applied = index_->commit();
  if (!applied) index_->rollback();
  return applied;
}

Result<void> Store::catch_up() {
  if (auto begun = index_->begin(); !begun) return begun;
  auto applied =
      log_->visit(index_->indexed(), [&](LogPosition at, LogPosition next, Bytes payload) {
        return index_->apply(at, next, payload);
      });
  if (applied) applied = index_->commit();
  if (!applied) index_->rollback();
  return applied;
}

void Store::finish(std::vector<Pending>& group, const Result<void>& result) {
  std::lock_guard lock(mutex_);
  status_.log_bytes = log_bytes_;
  status_.broken = log_->broken();
  status_.index_behind = index_behind_;
  status_.last_record_id = index_->last_record_id();
  for (Pending& pending : group) {
    if (!pending.done) continue;
    *pending.result = result;
    *pending.done = true;
  }
  committed_.notify_all();
  indexed_.notify_all();
}

Result<Store::Checked> Store::check_file(std::uint64_t after) {
  LogPosition end;
  {
    std::lock_guard lock(disk_mutex_);
    end = log_->end();
  }
  Checked checked;
  for (std::uint64_t number : log_->files()) {
    if (number > after && checked.number == 0) checked.number = number;
  }
  auto damages = log_->check(checked.number, end);
  if (!damages) return damages.error();
  checked.damages = std::move(*damages);
  return checked;
}

Result<std::uint64_t> Store::forget_before(std::int64_t before_ns) {
  std::uint64_t forgotten = 0;
  while (true) {
    std::lock_guard lock(disk_mutex_);
    auto done = forget_oldest(before_ns);
    if (!done) return done.error();
    if (!*done) return forgotten;
    ++forgotten;
  }
}

// Index first: a crash in between leaves a file that nothing points to, and the next round finds it
// without records and deletes it.
Result<bool> Store::forget_oldest(std::int64_t before_ns) {
  auto files = log_->files();
  if (files.empty() || files.front() >= log_->end().file) return false;
  auto newest = index_->newest_in_file(files.front());
  if (!newest) return newest.error();
  if (newest->value_or(written_ns(log_path(log_dir(), files.front()))) >= before_ns) return false;
  auto keep = index_->enrolments_to_keep(files.front());
  if (!keep) return keep.error();
  if (!keep->empty()) {
    auto first = log_->append(*keep, true);
    if (!first) return first.error();
    if (auto indexed = index_frames(*first, *keep); !indexed) return indexed.error();
  }
  if (auto begun = index_->begin(); !begun) return begun.error();
  auto forgotten = index_->forget_file(files.front(), before_ns);
  if (forgotten) forgotten = index_->commit();
  if (!forgotten) {
    index_->rollback();
    return forgotten.error();
  }
  if (auto removed = log_->remove_file(files.front()); !removed) return removed.error();
  log_bytes_ = log_->bytes();
  return true;
}

}  // namespace chaperone::collector
