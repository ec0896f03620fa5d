#include "collector/ingest/ingest.h"

#include <algorithm>
#include <span>

#include "audit/checkpoint.h"
#include "audit/shipping.h"
#include "audit/text.h"
#include "collector/store/query.h"

namespace chaperone::collector {

namespace {
IngestReply refuse(int status, std::string code, std::string message) {
  IngestReply reply;
  reply.status = status;
  reply.code = std::move(code);
  reply.message = std::move(message);
  return reply;
}

// The key that signs now, and those that were enrolled to follow it: the writer may be further than
// the records that came. Never one that was given up.
std::span<const audit::PublicKey> live_keys(const KnownWriter& writer) {
  return std::span(writer.keys).subspan(std::min(writer.signer, writer.keys.size()));
}

bool signed_by_writer(const KnownWriter& writer, const std::string& message,
                      const audit::Signature& signature) {
  auto keys = live_keys(writer);
  return std::any_of(keys.begin(), keys.end(), [&](const audit::PublicKey& key) {
    return audit::verify(key, as_bytes(message), signature);
  });
}

AlarmKind alarm_for(BatchFault fault) {
  switch (fault) {
    case BatchFault::kBroken:
      return AlarmKind::kBrokenChain;
    case BatchFault::kSignature:
      return AlarmKind::kSignature;
    default:
      return AlarmKind::kDamaged;
  }
}
}  // namespace

Ingest::Ingest(Store& store, Alarms& alarms, const audit::SigningKey& collector)
    : store_(store), alarms_(alarms), collector_(collector), started_ns_(wall_now_ns()) {
  for (const KnownWriter& known : store.writers()) {
    auto writer = std::make_shared<Writer>();
    writer->known = known;
    writer->seen_ns = known.last_ns;
    ++writers_of_token_[known.token];
    writers_.emplace(known.writer, std::move(writer));
  }
}

Ingest::WriterPtr Ingest::find(const audit::Id& writer) const {
  std::lock_guard lock(mutex_);
  auto found = writers_.find(writer);
  return found == writers_.end() ? nullptr : found->second;
}

IngestCounts Ingest::counts() const {
  std::lock_guard lock(mutex_);
  IngestCounts counts = counts_;
  counts.writers = writers_.size();
  return counts;
}

void Ingest::count(const IngestReply& reply, std::size_t bytes) {
  std::lock_guard lock(mutex_);
  ++counts_.batches;
  counts_.bytes += bytes;
  counts_.records += reply.stored;
  counts_.duplicates += reply.duplicates;
  if (reply.status != 200) ++counts_.refused;
}

IngestReply Ingest::batch(const Token& token, const BatchRequest& request) {
  WriterPtr writer = find(request.writer);
  if (!writer)
    return refuse(404, "unknown_writer", "this writer is not enrolled; POST /v1/enrol first");
  std::unique_lock busy(writer->busy, std::try_to_lock);
  if (!busy)
    return refuse(429, "busy", "another batch of this writer is under way; send this one after it");
  IngestReply reply;
  std::string message = audit::batch_message(request.writer, as_bytes(request.frames), request.gap);
  bool own = writer->known.token == token.name;
  if (own && signed_by_writer(writer->known, message, request.signature)) {
    reply = take(*writer, request);
  } else {
    alarms_.raise(AlarmKind::kImpostor, request.writer, 0,
                  "token " + token.name +
                      (own ? " sent a batch that the writer's key did not sign"
                           : " sent a batch for a writer of another token"));
    reply = refuse(403, "not_this_writer",
                   "the batch is not signed by this writer's key, or the writer enrolled "
                   "with another token");
  }
  count(reply, request.frames.size());
  return reply;
}

IngestReply Ingest::take(Writer& writer, const BatchRequest& request) {
  std::int64_t now_ns = wall_now_ns();
  const KnownWriter& known = writer.known;
  BatchContext context{request.writer,       known.keys,   known.signer,
                       known.chain.sequence, known.claims, now_ns + kClockAheadMaxNs};
  Batch batch = check_batch(as_bytes(request.frames), context);
  if (batch.fault != BatchFault::kNone) return refused_batch(writer, request, batch);
  if (batch.identity_sequence != 0) return refused_identity(writer, request, batch);
  IngestReply reply = continue_chain(writer, request, batch);
  if (reply.status != 200) return reply;
  writer.seen_ns = now_ns;
  writer.silent = false;
  return reply;
}

IngestReply Ingest::refused_batch(const Writer& writer, const BatchRequest& request,
                                  const Batch& batch) {
  IngestReply reply = refuse(422, name_of(batch.fault), batch.why);
  reply.acknowledged = writer.known.chain.sequence;
  if (batch.fault != BatchFault::kEmpty) {
    alarms_.raise(alarm_for(batch.fault), request.writer, batch.fault_sequence, batch.why,
                  request.frames);
  }
  return reply;
}

IngestReply Ingest::refused_identity(const Writer& writer, const BatchRequest& request,
                                     const Batch& batch) {
  // One alarm for the writer, however many records say it: sequence 0 stands for all.
  alarms_.raise(AlarmKind::kIdentity, request.writer, 0,
                "from record " + std::to_string(batch.identity_sequence) + " on: " + batch.identity_detail,
                request.frames);
  IngestReply reply = refuse(403, "identity",
                             "record " + std::to_string(batch.identity_sequence) + ": " +
                                 batch.identity_detail + "; give the sidecar its own pod's token");
  reply.acknowledged = writer.known.chain.sequence;
  return reply;
}

IngestReply Ingest::continue_chain(Writer& writer, const BatchRequest& request,
                                   const Batch& batch) {
  const audit::ChainPoint& have = writer.known.chain;
  std::uint64_t first = batch.records.front().sequence, last = batch.records.back().sequence;
  if (first > have.sequence + 1) {
    if (!request.gap) {
      IngestReply reply =
          refuse(409, "gap", "the next record expected is " + std::to_string(have.sequence + 1));
      reply.acknowledged = have.sequence;
      reply.expected = have.sequence + 1;
      return reply;
    }
    std::uint64_t missing = have.sequence + 1;
    IngestReply reply = store_new(writer, batch, 0);
    if (reply.status != 200) return reply;
    alarms_.raise(AlarmKind::kGap, request.writer, first,
                  "records " + std::to_string(missing) + " to " + std::to_string(first - 1) +
                      " never came, and the writer no longer has them");
    return reply;
  }
  if (last <= have.sequence && have.sequence != 0) return duplicate(writer, request, batch);
  if (first == have.sequence + 1) {
    bool follows = batch.previous == have.hash;
    return follows ? store_new(writer, batch, 0) : fork(writer, request, first);
  }
  // It begins with what is stored: the chain inside the batch makes one comparison speak for all.
  std::size_t known = static_cast<std::size_t>(have.sequence - first);
  if (batch.records[known].hash != have.hash) return fork(writer, request, have.sequence);
  return store_new(writer, batch, known + 1);
}

IngestReply Ingest::duplicate(Writer& writer, const BatchRequest& request, const Batch& batch) {
  IngestReply reply;
  reply.acknowledged = writer.known.chain.sequence;
  reply.duplicates = batch.records.size();
  const BatchRecord& last = batch.records.back();
  if (last.sequence == writer.known.chain.sequence) {
    return last.hash == writer.known.chain.hash ? reply : fork(writer, request, last.sequence);
  }
  auto query = Query::open(store_.index_path(), store_.log_dir());
  if (!query) return refuse(503, "store", query.error().message);
  auto stored = (*query)->record_at(request.writer, last.sequence);
  // What retention has removed cannot be compared; nothing of the batch is stored either.
  if (!stored) return reply;
  return audit::sha256(as_bytes(*stored)) == last.hash ? reply
                                                       : fork(writer, request, last.sequence);
}

IngestReply Ingest::fork(Writer& writer, const BatchRequest& request, std::uint64_t sequence) {
  std::string why = "record " + std::to_string(sequence) +
                    " contradicts the chain that is stored up to " +
                    std::to_string(writer.known.chain.sequence);
  alarms_.raise(AlarmKind::kFork, request.writer, sequence, why, request.frames);
  IngestReply reply =
      refuse(409, "fork", why + "; this writer cannot go on: start it with an empty spool");
  reply.acknowledged = writer.known.chain.sequence;
  return reply;
}

IngestReply Ingest::store_new(Writer& writer, const Batch& batch, std::size_t first_new) {
  std::string frames;
  std::int64_t now_ns = wall_now_ns();
  for (std::size_t i = first_new; i < batch.records.size(); ++i) {
    append_log_record(frames, writer.known.writer, now_ns, batch.records[i].bytes);
  }
  auto committed = store_.commit(std::move(frames));
  if (!committed) {
    IngestReply reply = refuse(503, "store", committed.error().message);
    reply.acknowledged = writer.known.chain.sequence;
    return reply;
  }
  writer.known.chain = {batch.records.back().sequence, batch.records.back().hash};
  writer.known.signer = batch.signer;
  if (batch.last_kind) writer.known.stopped = *batch.last_kind == audit::RecordKind::kWriterStop;
  note_oddities(writer, batch);
  IngestReply reply;
  reply.acknowledged = writer.known.chain.sequence;
  reply.stored = batch.records.size() - first_new;
  reply.duplicates = first_new;
  return reply;
}

void Ingest::note_oddities(const Writer& writer, const Batch& batch) {
  if (batch.clock_sequence != 0) {
    alarms_.raise(AlarmKind::kClock, writer.known.writer, 0,
                  "record " + std::to_string(batch.clock_sequence) + " is dated in the future");
  }
}

IngestReply Ingest::enrol(const Token& token, const EnrolRequest& request) {
  std::lock_guard one(enrolling_);
  std::string message = audit::enrol_message(request.writer, request.key, token.hash);
  if (!audit::verify(request.key, as_bytes(message), request.signature)) {
    return refuse(403, "no_proof", "the signature does not prove that the key is held");
  }
  WriterPtr writer = find(request.writer);
  if (!writer) return enrol_new(token, request);
  std::lock_guard busy(writer->busy);
  auto& keys = writer->known.keys;
  bool own = writer->known.token == token.name;
  if (own && std::find(keys.begin(), keys.end(), request.key) != keys.end()) {
    return enrolled_before(*writer, request);
  }
  if (own && request.previous) return enrol_next(token, *writer, request);
  alarms_.raise(AlarmKind::kImpostor, request.writer, 0,
                "token " + token.name + " asked to enrol a writer that is enrolled with another " +
                    (own ? "key" : "token"));
  return refuse(409, "taken",
                "this writer is enrolled with another key or token; start with an empty spool");
}

IngestReply Ingest::enrolled_before(const Writer& writer, const EnrolRequest& request) {
  auto query = Query::open(store_.index_path(), store_.log_dir());
  if (!query) return refuse(503, "store", query.error().message);
  auto document = (*query)->enrolment_of(request.writer, request.key);
  if (!document) return refuse(503, "store", document.error().message);
  IngestReply reply;
  reply.document = std::move(*document);
  reply.acknowledged = writer.known.chain.sequence;
  return reply;
}

// Only a key that still signs may name a next one. REQUIRES: the writer's lock; its own token.
IngestReply Ingest::enrol_next(const Token& token, Writer& writer, const EnrolRequest& request) {
  KnownWriter& known = writer.known;
  std::string message =
      audit::succession_message(request.writer, *request.previous, request.key, token.hash);
  auto keys = live_keys(known);
  bool named = std::find(keys.begin(), keys.end(), *request.previous) != keys.end() &&
               audit::verify(*request.previous, as_bytes(message), request.succession);
  if (!named) {
    alarms_.raise(AlarmKind::kImpostor, request.writer, 0,
                  "token " + token.name + " asked to enrol a key that the writer's did not name");
    return refuse(403, "no_succession",
                  "the key that signs for this writer did not name this one as the next");
  }
  if (known.keys.size() >= kKeysPerWriterMax) {
    return refuse(429, "too_many_keys", "this writer has enrolled as many keys as one may");
  }
  // Keys are ordered by these times when the index is read back.
  std::int64_t now_ns = std::max(wall_now_ns(), writer.seen_ns + 1);
  auto document = keep_enrolment(token, request, known.claims, now_ns);
  if (!document) return refuse(503, "store", document.error().message);
  known.keys.push_back(request.key);
  IngestReply reply;
  reply.document = std::move(*document);
  reply.acknowledged = known.chain.sequence;
  return reply;
}

// Makes the document and keeps it; `claims` become those of the token.
Result<std::string> Ingest::keep_enrolment(const Token& token, const EnrolRequest& request,
                                           std::map<std::string, std::string>& claims,
                                           std::int64_t now_ns) {
  claims = token.claims;
  claims["token"] = token.name;
  auto document =
      audit::encode_enrolment({request.writer, request.key, now_ns, claims}, collector_);
  std::string frames;
  append_log_enrolment(frames, token.name, now_ns, document);
  if (auto committed = store_.commit(std::move(frames)); !committed) return committed.error();
  std::lock_guard lock(mutex_);
  ++counts_.enrolments;
  return std::string(as_text(document));
}

IngestReply Ingest::enrol_new(const Token& token, const EnrolRequest& request) {
  {
    std::lock_guard lock(mutex_);
    if (writers_of_token_[token.name] >= kWritersPerTokenMax) {
      return refuse(429, "too_many_writers", "this token has enrolled as many writers as one may");
    }
  }
  auto writer = std::make_shared<Writer>();
  writer->known.writer = request.writer;
  writer->known.token = token.name;
  writer->known.keys = {request.key};
  writer->seen_ns = writer->known.last_ns = wall_now_ns();
  auto document = keep_enrolment(token, request, writer->known.claims, writer->seen_ns);
  if (!document) return refuse(503, "store", document.error().message);
  std::lock_guard lock(mutex_);
  ++writers_of_token_[token.name];
  writers_.emplace(request.writer, std::move(writer));
  IngestReply reply;
  reply.document = std::move(*document);
  return reply;
}

void Ingest::look_for_silence(std::int64_t now_ns) {
  std::vector<WriterPtr> all;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [id, writer] : writers_) all.push_back(writer);
  }
  for (const WriterPtr& writer : all) {
    std::unique_lock busy(writer->busy, std::try_to_lock);
    if (!busy || writer->silent || writer->known.stopped) continue;
    // After a restart writers get their time again: the silence may have been ours.
    std::int64_t since_ns = std::max(writer->seen_ns, started_ns_);
    if (now_ns - since_ns < kSilenceNs) continue;
    writer->silent = true;
    alarms_.raise(AlarmKind::kSilent, writer->known.writer, writer->known.chain.sequence,
                  "no record since sequence " + std::to_string(writer->known.chain.sequence) +
                      ", and the writer did not stop in order");
  }
}

}  // namespace chaperone::collector
