#pragma once
// Which replies are owed for what was sent upstream, in order. The server answers strictly in the
// order of the messages, but one message may have many replies, none (skipped after an error), or
// be swallowed (a Sync during COPY): states.h is the table, this is the queue.
//
// The session calls sent() for each message in the order in which it goes upstream, and reply() for
// each event of the BackendParser. After each call of either it takes what has finished:
//   while (const Finished* done = ledger.pop_finished()) ...
//
// COPY FROM STDIN: while the server waits for data it swallows Sync and Flush, and ends the
// connection on any other message. What follows an Execute or Query that may be one must be held
// until its first reply (add a Flush behind the Execute); a Sync that was held is dropped when
// copy() has become kIn, and so is any that comes before CopyDone or CopyFail. A Sync that was sent all
// the same is taken as swallowed.

#include <cstdint>
#include <memory>
#include <optional>

#include "proto-parsers/postgres/backend.h"
#include "proto-parsers/postgres/limits.h"
#include "proto-parsers/postgres/messages.h"
#include "proto-parsers/postgres/states.h"

namespace chaperone::pg {

struct LedgerEntry {
  Sent sent = Sent::kSync;
  // What went upstream was a substitute that must fail: a reply other than an ErrorResponse is
  // kUnexpected, and the session puts its own error in the place of the server's.
  bool refused = false;
  // Our own command: none of its replies is the client's.
  bool internal = false;
  // The session's own number for it, and a word for its use.
  std::uint64_t operation = 0;
  std::uint32_t note = 0;
};

enum class Outcome : std::uint8_t {
  kPending,
  kDone,
  kSuspended,  // Execute: its row limit was reached, the portal can go on
  kFailed,     // an ErrorResponse was its answer
  kSkipped,    // the server read past it after an earlier error, or swallowed it
};

struct Finished {
  LedgerEntry entry;
  Outcome outcome = Outcome::kPending;
};

struct Answer {
  Fate fate = Fate::kUnexpected;
  const LedgerEntry* entry = nullptr;  // valid until the next call; null for kAsync, kUnexpected
  std::uint32_t statement = 0;         // for Query: how many statements were complete before this
};

// All that is owed, answered well: by one command's rows and tag, and no transaction is open then.
struct PlainAnswer {
  std::uint64_t operation = 0;  // of the Execute or Query
  std::uint64_t rows = 0;       // at least one
  std::uint64_t row_bytes = 0;  // as StreamCounts
  std::uint32_t names = 0;      // Parse and Bind, in their order, that were confirmed
};
inline constexpr std::size_t kPlainEntriesMax = 8;

// kIn: the server reads CopyData. After CopyDone or CopyFail it is kNone, whatever is still owed.
enum class CopyState : std::uint8_t { kNone, kIn, kOut, kBoth };

class Ledger {
 public:
  // Grows from nothing by doubling; never beyond kPipelineDepthMax, where full() holds the client.
  bool full() const { return count_ == kPipelineDepthMax; }

  // REQUIRES: !full(). Flush, CopyData, CopyDone, CopyFail and Terminate owe nothing: not noted.
  void sent(const LedgerEntry& entry);

  // When CopyDone or CopyFail goes upstream: a Sync is from here on answered again. Without effect
  // where copy() is not kIn, as the server ignores both then.
  void copy_ended();

  // For every event but DataRow and CopyData.
  Answer reply(const BackendMessage& message);
  // For a kStream step (or a row event): kPart, or kUnexpected where no row is owed.
  Answer stream(BackendType type);

  // Whether `bytes`, with which a message begins, are exactly the plain answer to all that is owed.
  // None where they may be anything else: reply() and stream() find out then. Changes nothing.
  std::optional<PlainAnswer> plain_answer(Bytes bytes) const;
  // It has come: nothing is owed, and nothing is left to pop. REQUIRES: plain_answer() gave one.
  void take_plain_answer();

  // The next entry that has got its outcome, in the order of sending; null when there is none.
  // Valid until the next call.
  const Finished* pop_finished();

  // Nothing is owed: the server waits for us.
  bool idle() const { return owed_ == count_; }
  // How many entries have no outcome yet.
  std::size_t depth() const { return count_ - owed_; }
  // The entry whose answer comes next, null where nothing is owed.
  const LedgerEntry* next_owed() const { return idle() ? nullptr : &at(owed_).entry; }
  // After an error in the extended protocol, until a Sync is sent: whatever is sent is skipped.
  bool skipping() const { return skipping_; }
  CopyState copy() const;
  // As the last ReadyForQuery said. REQUIRES for use: idle() (else it is of the past).
  TransactionStatus status() const { return status_; }

 private:
  struct Slot {
    LedgerEntry entry;
    Outcome outcome = Outcome::kPending;
    Phase phase = Phase::kStart;
    bool failed = false;
    std::uint32_t statements = 0;
  };
  // 0 is the oldest that was not popped.
  // The capacity is a power of two: a division for each look would be most of what a reply costs.
  Slot& at(std::size_t index) { return slots_[(head_ + index) & (capacity_ - 1)]; }
  const Slot& at(std::size_t index) const { return slots_[(head_ + index) & (capacity_ - 1)]; }
  void grow();
  void finish(Slot& slot, Outcome outcome);
  void skip_to_sync();
  bool swallow_syncs();
  bool ends_server(const BackendMessage& message) const;
  Answer advance(BackendType type);

  std::unique_ptr<Slot[]> slots_;
  std::size_t capacity_ = 0;
  std::size_t head_ = 0;   // slot of the oldest
  std::size_t count_ = 0;  // entries held
  std::size_t owed_ = 0;   // the first of them without an outcome; count_ where there is none
  Finished popped_;
  TransactionStatus status_ = TransactionStatus::kIdle;
  bool skipping_ = false;
};

}  // namespace chaperone::pg
