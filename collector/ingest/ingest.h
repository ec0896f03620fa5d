#pragma once
// Where records come in. A batch is acknowledged once every record in it is verified, follows what
// the collector has, and is durable; however often it is sent, it is stored once.
//
// What happens to a batch that does not hold:
//   damaged, not canonical, broken, badly signed    refused whole; alarm, bytes kept as evidence
//   starts behind a gap                             refused, naming the sequence expected; if the
//                                                   writer declares that it no longer has what is
//                                                   missing: stored, alarm
//   contradicts a record that is stored             refused; alarm (fork), evidence; what is stored
//                                                   stays, and can only be continued as it is
//   not signed by the writer's key, or another      refused; alarm (impostor)
//   token's writer
//   names another pod than the token vouches for    refused; alarm (identity), evidence
// A refused writer keeps its records until its spool is full, and then denies: closed, not open.

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "audit/crypto.h"
#include "collector/ingest/alarms.h"
#include "collector/ingest/batch.h"
#include "collector/store/store.h"
#include "collector/tokens.h"

namespace chaperone::collector {

// `status` is HTTP's; `code` is for programs, `message` for people.
struct IngestReply {
  int status = 200;
  std::string code, message;
  std::uint64_t acknowledged = 0;  // everything up to here is durable
  std::uint64_t expected = 0;      // 409 gap: the next sequence wanted
  std::uint64_t stored = 0, duplicates = 0;
  std::string document;  // of an enrolment
};

struct BatchRequest {
  audit::Id writer{};
  audit::Signature signature{};
  bool gap = false;  // the writer declares that what is missing before this batch is gone
  std::string frames;
};

struct EnrolRequest {
  audit::Id writer{};
  audit::PublicKey key{};
  audit::Signature signature{};
  // Where the writer has a key already: that key, and its word for the new one.
  std::optional<audit::PublicKey> previous;
  audit::Signature succession{};
};

struct IngestCounts {
  std::uint64_t batches = 0, records = 0, bytes = 0, duplicates = 0, refused = 0, enrolments = 0;
  std::uint64_t writers = 0;
};

class Ingest {
 public:
  Ingest(Store& store, Alarms& alarms, const audit::SigningKey& collector);

  IngestReply batch(const Token& token, const BatchRequest& request);
  IngestReply enrol(const Token& token, const EnrolRequest& request);

  // Raises an alarm for each writer that fell silent. Called now and then.
  void look_for_silence(std::int64_t now_ns);
  IngestCounts counts() const;

 private:
  struct Writer {
    std::mutex busy;  // one batch at a time; guards `known`
    KnownWriter known;
    std::int64_t seen_ns = 0;
    bool silent = false;
  };
  using WriterPtr = std::shared_ptr<Writer>;

  WriterPtr find(const audit::Id& writer) const;
  IngestReply take(Writer& writer, const BatchRequest& request);
  IngestReply continue_chain(Writer& writer, const BatchRequest& request, const Batch& batch);
  IngestReply fork(Writer& writer, const BatchRequest& request, std::uint64_t sequence);
  IngestReply duplicate(Writer& writer, const BatchRequest& request, const Batch& batch);
  IngestReply store_new(Writer& writer, const Batch& batch, std::size_t first_new);
  IngestReply refused_batch(const Writer& writer, const BatchRequest& request, const Batch& batch);
  IngestReply refused_identity(const Writer& writer, const BatchRequest& request, const Batch& batch);
  IngestReply enrol_new(const Token& token, const EnrolRequest& request);
  IngestReply enrol_next(const Token& token, Writer& writer, const EnrolRequest& request);
  IngestReply enrolled_before(const Writer& writer, const EnrolRequest& request);
  Result<std::string> keep_enrolment(const Token& token, const EnrolRequest& request,
                                     std::map<std::string, std::string>& claims,
                                     std::int64_t now_ns);
  void note_oddities(const Writer& writer, const Batch& batch);
  void count(const IngestReply& reply, std::size_t bytes);

  Store& store_;
  Alarms& alarms_;
  const audit::SigningKey& collector_;
  const std::int64_t started_ns_;
  mutable std::mutex mutex_;  // what follows
  std::map<audit::Id, WriterPtr> writers_;
  std::map<std::string, std::uint64_t> writers_of_token_;
  IngestCounts counts_;
  std::mutex enrolling_;  // one at a time: the check and the act are one
};

}  // namespace chaperone::collector
