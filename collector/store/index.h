#pragma once
// What makes the log searchable: an SQLite database made from the log alone, entry by entry, with
// its place in the log kept in the same transaction. It may be deleted: the next start makes it
// again. One thread writes (Store's); readers have connections of their own (query.h).

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "audit/chain.h"
#include "audit/crypto.h"
#include "audit/decoded.h"
#include "collector/store/log.h"
#include "collector/store/sqlite.h"

namespace chaperone::collector {

// A writer as ingest needs it.
struct KnownWriter {
  audit::Id writer{};
  std::string token;  // the name of the token that it enrolled under
  audit::ChainPoint chain;
  std::vector<audit::PublicKey> keys;         // in the order in which they were enrolled
  std::size_t signer = 0;                     // of `keys`: the one that the chain stands with
  std::map<std::string, std::string> claims;  // of the newest enrolment
  std::int64_t last_ns = 0;                   // received
  bool stopped = false;                       // its last record, checkpoints apart, was writer_stop
};

class Index {
 public:
  // `collector` is the key that enrolments must be signed with.
  static Result<std::unique_ptr<Index>> open(const std::string& path,
                                             const audit::PublicKey& collector);
  ~Index();

  LogPosition indexed() const { return indexed_; }
  std::int64_t last_record_id() const { return last_record_id_; }

  // Everything between begin() and commit() is one transaction; rollback() forgets it.
  Result<void> begin();
  Result<void> apply(LogPosition at, LogPosition next, Bytes payload);
  Result<void> commit();
  void rollback();

  Result<std::vector<KnownWriter>> writers();

  // Retention: forgets the records of one log file, and what hangs on nothing else any more and is
  // older than `before_ns`. Within a transaction.
  Result<void> forget_file(std::uint64_t file, std::int64_t before_ns);
  // When the newest record of that file came; none if it has no records.
  Result<std::optional<std::int64_t>> newest_in_file(std::uint64_t file);
  // Enrolment entries of that file whose writers have records elsewhere, framed to be appended
  // again.
  Result<std::string> enrolments_to_keep(std::uint64_t file);

 private:
  struct Statements;
  Index(std::unique_ptr<Database> database, const audit::PublicKey& collector);
  Result<void> apply_record(LogPosition at, LogPosition next, const LogEntry& entry);
  Result<void> apply_to_session(std::int64_t id, const audit::DecodedRecord& record,
                                std::optional<std::uint64_t> labels);
  Result<void> apply_enrolment(LogPosition at, const LogEntry& entry);
  Result<void> apply_alarm(Bytes json);
  Result<void> apply_access(Bytes json);
  Result<std::int64_t> writer_id(const audit::Id& writer, std::string_view token,
                                 std::int64_t received_ns);

  std::unique_ptr<Database> database_;
  audit::PublicKey collector_;
  LogPosition indexed_;
  LogPosition committed_;  // indexed_ as the database has it
  std::int64_t last_record_id_ = 0;
  std::unique_ptr<Statements> statements_;
};

}  // namespace chaperone::collector
