#pragma once
// The inside of a Spool, shared by appending (spool.cc), syncing (sync.cc) and reading (reader.cc).

#include <atomic>
#include <deque>
#include <mutex>

#include "sidecar/spool/files.h"
#include "sidecar/spool/recovery.h"
#include "sidecar/spool/segment_file.h"
#include "sidecar/spool/spool.h"

namespace chaperone::spool {

using Parts = std::initializer_list<const audit::EncodedPart*>;

// The descriptor it was written through, because that one is told of errors for certain; none for
// what an earlier process wrote.
struct Unsynced {
  std::string path;
  std::shared_ptr<OwnedFd> fd;
};

struct Spool::State {
  State(SpoolOptions o, Disk& d, audit::SigningKey k)
      : options(std::move(o)),
        disk(d),
        key(std::make_shared<const audit::SigningKey>(std::move(k))) {}

  // All under `mutex` unless said otherwise.
  Result<Position> append(const audit::RecordHead& head, Parts parts);
  Result<Position> checkpoint(std::int64_t wall_ns, std::uint64_t mono_ns);
  Result<Position> append_key_change(std::int64_t wall_ns, std::uint64_t mono_ns);
  Result<void> begin_segment(std::int64_t wall_ns);
  Result<void> make_room(const audit::RecordHead& head, std::size_t record_bytes);
  Result<Position> commit(Bytes record);
  Result<void> usable();
  bool has_room(bool admission, std::size_t record_bytes) const;
  std::uint64_t next_segment_bytes() const;
  Result<void> tell_refused(const audit::RecordHead& after);
  Error full() const;
  void collect();  // deletes what is acknowledged
  std::vector<Segment> take_acknowledged();
  void put_back(const std::vector<Segment>& rest);
  std::vector<Segment> remove_files(std::vector<Segment> taken);  // without `mutex`; gives the rest
  bool wants_spare() const;
  void keep_house();  // takes `mutex` itself
  std::uint64_t bytes() const;
  audit::WriterFacts facts() const;
  void adopt(Found found);
  Result<void> tell_start();  // once; again at the next use where there was no room
  audit::RecordHead start_head(audit::RecordKind kind) const;

  SpoolOptions options;
  Disk& disk;
  std::shared_ptr<const audit::SigningKey> key, next;  // next: null, or waiting to be announced
  std::int64_t key_since_ns = 0;
  OwnedFd lock;
  audit::Id writer{}, boot{};
  Recovery recovery;
  audit::EncodedPart who;
  Found found;
  std::size_t start_told = 0;  // of what the start has to tell
  bool telling = false;
  bool mapped = true;

  mutable std::mutex mutex;
  std::deque<Segment> segments;  // the last one is being written
  std::unique_ptr<SegmentFile> file;
  OwnedFd spare;  // an open file at spare_path(), or none
  std::uint64_t next_number = 1;
  audit::ChainPoint chain;
  std::uint64_t closed_bytes = 0;     // of all segments
  std::uint64_t last_checkpoint = 0;  // its sequence
  std::uint64_t last_checkpoint_ns = 0;
  std::uint64_t refused = 0, refused_unrecorded = 0;
  std::string failure;  // not empty: the spool refuses all appends
  bool closed = false;
  std::string enrolment;
  std::vector<Unsynced> unsynced;  // segments no longer written whose pages may not be on disk
  bool dir_unsynced = true;

  std::mutex sync_mutex;  // one sync at a time; taken before `mutex`
  std::atomic<std::uint64_t> appended{0}, durable{0}, acknowledged{0};
};

}  // namespace chaperone::spool
