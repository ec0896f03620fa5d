#pragma once
// The durable local log: a bounded, checksummed, chained and signed run of records. A command's
// record is here before the command leaves; where it cannot be, the command is refused.
//
// Durability (docs/security-model.md):
//   process    when append() returns: the record is in the page cache and survives kill -9
//   disk       when durable() has reached the position: survives the node (Syncer, below)
//   collector  when acknowledged() has: survives the loss of the node
//
// Any thread may call anything here but open, close and the destructor; the lock is held for a
// copy. A folder has one writer at a time (locked); a second open() of it fails.

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "audit/chain.h"
#include "audit/record.h"
#include "proto-parsers/base/result.h"
#include "sidecar/spool/disk.h"

namespace chaperone::spool {

// Where a record stands: its sequence in the writer's chain, from 1.
struct Position {
  std::uint64_t sequence = 0;
  auto operator<=>(const Position&) const = default;
};

struct SpoolOptions {
  std::string dir;                              // made if missing (0700)
  std::string key_dir;                          // holds writer.key (0600, made at first start)
  std::string build;                            // named in every writer_start record
  std::uint64_t bytes_max = 1ull << 30;         // all segments together; at least 4 segments
  std::uint64_t segment_bytes = 16ull << 20;    // 2 .. 64 MiB, in whole pages
  std::uint32_t checkpoint_records = 1000;      // a checkpoint at least this often ...
  std::uint64_t checkpoint_ns = 1'000'000'000;  // ... and when this much time went by (tick())
  std::int64_t wall_ns = 0;                     // now, for the start's own records
  std::uint64_t mono_ns = 0;
};

// What open() found of the writer before.
struct Recovery {
  bool fresh = false;                  // no spool was there
  bool unclean = false;                // the writer before did not close
  bool rebooted = false;               // and the kernel is another: unsynced records may be gone
  std::uint64_t records = 0;           // sound ones found
  std::uint64_t torn_bytes = 0;        // of an append that never returned, dropped
  std::uint64_t damage_bytes = 0;      // elsewhere: a loss, recorded as such
  std::uint64_t lost_records = 0;      // known by the sequences around damage
  std::uint64_t outcomes_unknown = 0;  // commands whose outcome the crash hid, recorded as such
};

struct Usage {
  std::uint64_t bytes = 0, bytes_max = 0;
  std::uint64_t segments = 0;
  std::uint64_t refused = 0;  // appends refused since the start
  bool full = false;          // commands are refused for want of room: the last one was, or any would be
};

class Spool {
 public:
  // Recovers the chain, appends writer_start (with `who`) and what recovery has to tell. A full
  // spool opens too, so that it can be shipped: it tells as soon as there is room, before all else.
  static Result<std::unique_ptr<Spool>> open(const SpoolOptions& options,
                                             const audit::EncodedPart& who,
                                             Disk& disk = real_disk());
  ~Spool();  // closes
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;

  // One record; parts in ascending order of fields (audit/record.h). On error nothing was written
  // and the caller must refuse what the record was for. A full spool keeps a reserve of one segment
  // for what follows from commands already sent (outcome, close, loss, checkpoint).
  Result<Position> append(const audit::RecordHead& head,
                          std::initializer_list<const audit::EncodedPart*> parts);

  // A checkpoint if checkpoint_ns went by since the last and records came since. Call it by timer.
  Result<void> tick(std::int64_t wall_ns, std::uint64_t mono_ns);
  Result<Position> checkpoint(std::int64_t wall_ns, std::uint64_t mono_ns);

  Position appended() const;
  Position durable() const;
  Position acknowledged() const;

  // Blocks: writes everything appended so far to the disk (group commit). After an error the spool
  // refuses all appends: what the disk lost once it would lose silently the next time.
  Result<void> sync();
  // The collector holds everything up to here durably; whole segments behind it are deleted.
  void acknowledge(Position position);
  // Makes the next segment ahead of need; sync() does it too.
  void prepare();

  // Keeps the collector's enrolment document beside the segments and records that it came. Waits
  // for the disk, once in a writer's life.
  Result<void> enrolled(Bytes document, std::int64_t wall_ns, std::uint64_t mono_ns);
  std::string enrolment() const;  // the document; empty: not yet

  // The signing key's succession (docs/security-model.md): a next key is made and kept; the
  // collector enrols it by a word of both; change_key() lets the chain say so, signed by the old
  // one, and from then on the next one signs. What a crash interrupts goes on at the next open().
  Result<audit::PublicKey> next_key();
  audit::Signature sign_as_next(Bytes message) const;  // REQUIRES: next_key() before
  // `document`: the next key's enrolment. Waits for the disk.
  Result<void> change_key(Bytes document, std::int64_t wall_ns, std::uint64_t mono_ns);
  std::int64_t key_since_ns() const;  // wall clock; when the present key was made

  audit::Id writer() const;
  audit::PublicKey public_key() const;
  // To prove to the collector, when enrolling, that the key is held here.
  audit::Signature sign(Bytes message) const;
  audit::ChainPoint chain() const;
  const Recovery& recovery() const;
  Usage usage() const;

  // Final checkpoint and writer_stop, sync, release of unused room. Later appends fail.
  Result<void> close(std::int64_t wall_ns, std::uint64_t mono_ns);

 private:
  friend class SpoolReader;
  struct State;
  explicit Spool(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Reads back for shipping: only what is on the disk, so that the collector's copy of the chain
// never runs ahead of what a crash of the node leaves here.
struct Batch {
  std::string frames;  // audit/frame.h; empty: nothing to read now
  std::uint64_t first_sequence = 0, last_sequence = 0, records = 0;
};

class SpoolReader {
 public:
  explicit SpoolReader(Spool& spool) : spool_(spool) {}
  // Whole records after `after`, without a gap among them, up to about `bytes_max` bytes (at least
  // one record). Not thread-safe; one reader may run beside the appending threads.
  Result<Batch> next(Position after, std::size_t bytes_max);

 private:
  bool find(Position after);
  Result<bool> read_chunk(Position after, std::uint64_t upto, std::size_t bytes_max, Batch& batch);
  Spool& spool_;
  std::uint64_t segment_ = 0, offset_ = 0, sequence_ = 0;  // where the last batch ended
  std::uint64_t marker_ = 0, segment_last_ = 0;
  bool live_ = false;  // that segment is still being written
};

}  // namespace chaperone::spool
