#include "collector/ingest/batch.h"

#include <algorithm>

#include "audit/chain.h"
#include "audit/checkpoint.h"
#include "audit/decoded.h"
#include "audit/frame.h"

namespace chaperone::collector {

namespace {
// Far beyond any real chain, and safe in every number that a reader may use for it.
constexpr std::uint64_t kSequenceMax = 1ull << 53;

class Checker {
 public:
  Checker(const BatchContext& context, Batch& batch) : context_(context), batch_(batch) {
    batch_.signer = context.signer;
  }

  bool take(Bytes bytes) {
    auto record = audit::decode_record(bytes);
    if (!record) return fail(BatchFault::kNotCanonical, next_sequence(), record.error().message);
    if (record->sequence > kSequenceMax) {
      return fail(BatchFault::kNotCanonical, record->sequence,
                  "the sequence is beyond any real one");
    }
    if (!follows(*record, bytes) || !signature_holds(*record, bytes)) return false;
    note_identity(*record);
    if (record->wall_ns > context_.future_ns && batch_.clock_sequence == 0) {
      batch_.clock_sequence = record->sequence;
    }
    // A checkpoint says nothing of what its writer does; one closes every orderly stop.
    if (record->kind != audit::RecordKind::kCheckpoint) batch_.last_kind = record->kind;
    batch_.records.push_back({bytes, record->sequence, point_.hash});
    return true;
  }

  bool fail(BatchFault fault, std::uint64_t sequence, std::string why) {
    batch_.fault = fault;
    batch_.fault_sequence = sequence;
    batch_.why = std::move(why);
    return false;
  }
  std::uint64_t next_sequence() const { return batch_.records.empty() ? 0 : point_.sequence + 1; }

 private:
  bool follows(const audit::DecodedRecord& record, Bytes bytes) {
    if (batch_.records.empty()) {
      batch_.previous = record.previous;
      point_ = {record.sequence, audit::sha256(bytes)};
      return true;
    }
    audit::ChainPoint after;
    auto fault = audit::follow(point_, bytes, after);
    point_ = after;
    if (fault == audit::LinkFault::kNone) return true;
    return fail(BatchFault::kBroken, record.sequence,
                "record " + std::to_string(record.sequence) + " " + audit::why(fault));
  }

  // Of what is new only the writer's present key may sign; what is repeated was judged before.
  bool may_sign(const audit::DecodedRecord& record, std::size_t key) const {
    if (key == context_.keys.size()) return false;
    return record.sequence <= context_.stored || key == batch_.signer;
  }

  std::size_t place_of(const std::optional<audit::PublicKey>& key) const {
    if (!key) return context_.keys.size();
    auto found = std::find(context_.keys.begin(), context_.keys.end(), *key);
    return static_cast<std::size_t>(found - context_.keys.begin());
  }

  bool signature_holds(const audit::DecodedRecord& record, Bytes bytes) {
    bool change = record.kind == audit::RecordKind::kKeyChange;
    if (!change && record.kind != audit::RecordKind::kCheckpoint) return true;
    std::size_t key = place_of(record.key), next = place_of(record.next_key);
    std::string what = std::string(name_of(record.kind)) + " " + std::to_string(record.sequence);
    bool valid = change ? audit::key_change_valid(record, bytes, context_.writer)
                        : audit::checkpoint_valid(record, bytes, context_.writer);
    if (!valid) return refuse_signature(record, what + ": its signature does not hold");
    if (!may_sign(record, key)) {
      return refuse_signature(record, what + " is signed by a key that does not sign for this writer");
    }
    if (!change) return true;
    // The next key was enrolled behind the one that names it; no key comes back.
    if (next == context_.keys.size() || next <= key) {
      return refuse_signature(record, what + " names a key that is not enrolled as its successor");
    }
    if (record.sequence > context_.stored) batch_.signer = next;
    return true;
  }

  bool refuse_signature(const audit::DecodedRecord& record, std::string why) {
    return fail(BatchFault::kSignature, record.sequence, std::move(why));
  }

  void note_identity(const audit::DecodedRecord& record) {
    const std::pair<const char*, std::string_view> said[] = {
        {"pod", record.pod},
        {"namespace", record.pod_namespace},
        {"service_account", record.service_account},
        {"node", record.node}};
    for (const auto& [key, value] : said) {
      auto vouched = context_.claims.find(key);
      bool differs = vouched != context_.claims.end() && !value.empty() && value != vouched->second;
      if (!differs || batch_.identity_sequence != 0) continue;
      batch_.identity_sequence = record.sequence;
      batch_.identity_detail = std::string(key) + " is said to be \"" + std::string(value) +
                               "\", the token vouches for \"" + vouched->second + "\"";
    }
  }

  const BatchContext& context_;
  Batch& batch_;
  audit::ChainPoint point_;
};
}  // namespace

const char* name_of(BatchFault fault) {
  switch (fault) {
    case BatchFault::kNone:
      return "none";
    case BatchFault::kEmpty:
      return "empty";
    case BatchFault::kDamaged:
      return "damaged";
    case BatchFault::kNotCanonical:
      return "not_canonical";
    case BatchFault::kBroken:
      return "broken_chain";
    case BatchFault::kSignature:
      return "signature";
  }
  return "";
}

Batch check_batch(Bytes frames, const BatchContext& context) {
  Batch batch;
  Checker checker(context, batch);
  audit::FrameReader reader(frames);
  while (auto record = reader.next()) {
    if (!checker.take(*record)) return batch;
  }
  if (reader.fault()) {
    checker.fail(BatchFault::kDamaged, checker.next_sequence(),
                 std::string(reader.fault()) + " at byte " + std::to_string(reader.offset()));
  } else if (batch.records.empty()) {
    checker.fail(BatchFault::kEmpty, 0, "the batch holds no record");
  }
  return batch;
}

}  // namespace chaperone::collector
