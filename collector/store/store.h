#pragma once
// The store: log and index together, written by one thread that commits what all callers bring in
// groups, one sync for each group.
//
// What commit() returned from is on the disk and searchable. kill -9 at any moment loses nothing
// of it: the log comes first, and the index is caught up from the log at the next start.

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "audit/crypto.h"
#include "collector/limits.h"
#include "collector/store/index.h"
#include "collector/store/log.h"
#include "proto-parsers/base/result.h"

namespace chaperone::collector {

struct StoreOptions {
  std::string dir;  // made if missing (0700)
  std::uint64_t log_file_bytes = kLogFileBytes;
  std::uint64_t bytes_max = 0;  // of the log; 0: as much as the disk has
};

struct StoreStatus {
  std::uint64_t log_bytes = 0;
  std::uint64_t torn_bytes = 0;  // of appends that never returned, found at start
  bool log_short = false;        // at start the log ended before the index did: bytes are lost
  bool broken = false;           // the disk failed a sync: everything is refused
  bool index_behind = false;     // the index could not be written; the log goes on
  std::int64_t last_record_id = 0;
};

class Store {
 public:
  static Result<std::unique_ptr<Store>> open(const StoreOptions& options,
                                             const audit::PublicKey& collector);
  ~Store();  // commits what is queued, then ends the thread
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // Blocks until the frames (log.h) are durable and indexed. On an error nothing of them was kept.
  Result<void> commit(std::string frames);
  // Frames whose loss in a crash is bearable: appended with the next group. Dropped when full.
  void note(std::string frames);

  // Waits until a record newer than `after_id` is searchable, or the time is up; true if one is.
  // wake() ends all waits.
  bool wait_for_record(std::int64_t after_id, std::uint64_t timeout_ms);
  void wake();

  // As they were at open(): ingest keeps them from then on.
  const std::vector<KnownWriter>& writers() const { return writers_; }
  // What of the log was found damaged at open().
  const std::vector<LogDamage>& damages() const { return log_->damages(); }
  StoreStatus status() const;

  // Reads the next log file behind number `after`: its number (0: there is none), and what of it is
  // damaged. For one thread, the one that also calls forget_before().
  struct Checked {
    std::uint64_t number = 0;
    std::vector<LogDamage> damages;
  };
  Result<Checked> check_file(std::uint64_t after);

  // Deletes whole log files whose records all came before `before_ns`. Returns how many.
  Result<std::uint64_t> forget_before(std::int64_t before_ns);

  std::string index_path() const { return options_.dir + "/index.sqlite"; }
  std::string log_dir() const { return options_.dir + "/log"; }

 private:
  struct Pending {
    std::string frames;
    bool sync = true;
    Result<void>* result = nullptr;  // null: nobody waits
    bool* done = nullptr;
  };
  explicit Store(StoreOptions options) : options_(std::move(options)) {}
  Result<void> recover(const audit::PublicKey& collector);
  void run();
  std::vector<Pending> take_group();
  Result<void> commit_group(const std::vector<Pending>& group);
  Result<void> index_frames(LogPosition first, std::string_view frames);
  Result<void> catch_up();
  Result<bool> forget_oldest(std::int64_t before_ns);
  void finish(std::vector<Pending>& group, const Result<void>& result);

  StoreOptions options_;
  File lock_;  // one collector per folder
  std::unique_ptr<Log> log_;
  std::unique_ptr<Index> index_;
  std::vector<KnownWriter> writers_;

  std::mutex disk_mutex_;  // log_ and index_ and the next two: the committing thread and retention
  std::uint64_t log_bytes_ = 0;
  bool index_behind_ = false;

  mutable std::mutex mutex_;  // what follows
  std::condition_variable queued_, committed_, indexed_;
  std::vector<Pending> queue_;
  StoreStatus status_;
  std::uint64_t wakes_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace chaperone::collector
