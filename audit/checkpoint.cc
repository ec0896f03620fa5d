#include "audit/checkpoint.h"

#include <algorithm>

#include "audit/fields.h"
#include "audit/text.h"
#include "audit/wire.h"
#include "proto-parsers/base/check.h"

namespace chaperone::audit {
namespace {

// What is signed begins with words of its own, so that no signature serves for something else.
constexpr std::string_view kCheckpointDomain = "chaperone checkpoint 1\n";
constexpr std::string_view kKeyChangeDomain = "chaperone key change 1\n";

// Tag (two bytes) and length (one) before each value.
constexpr std::size_t kSignatureFieldBytes = 3 + sizeof(Signature);
constexpr std::size_t kTailBytes = 3 + sizeof(Id) + 3 + sizeof(PublicKey) + kSignatureFieldBytes;

using Buffer = std::vector<std::uint8_t>;

constexpr std::size_t kNextKeyBytes = 3 + sizeof(PublicKey);

std::string signed_message(std::string_view domain, Bytes head, Bytes tail) {
  return std::string(domain).append(as_text(head)).append(as_text(tail));
}

Buffer tail_fields(const Id& writer, const PublicKey& key) {
  Buffer tail;
  FieldWriter fields(tail);
  fields.bytes(field::kWriter, writer);
  fields.bytes(field::kKey, key);
  return tail;
}

void sign_tail(std::string_view domain, Bytes head, const SigningKey& key, Buffer& tail) {
  Signature signature = key.sign(as_bytes(signed_message(domain, head, tail)));
  FieldWriter(tail).bytes(field::kSignature, signature);
}

bool signature_holds(std::string_view domain, const DecodedRecord& record, Bytes bytes,
                     const Id& writer) {
  bool complete = record.writer == writer && record.key && record.signature &&
                  bytes.size() > kSignatureFieldBytes;
  if (!complete) return false;
  Bytes covered = bytes.first(bytes.size() - kSignatureFieldBytes);
  return verify(*record.key, as_bytes(signed_message(domain, covered, {})), *record.signature);
}

}  // namespace

std::size_t checkpoint_tail_bytes() { return kTailBytes; }

void write_checkpoint_tail(Bytes head, const Id& writer, const SigningKey& key, std::uint8_t* out) {
  Buffer tail = tail_fields(writer, key.public_key());
  sign_tail(kCheckpointDomain, head, key, tail);
  CHECK(tail.size() == kTailBytes);
  std::copy(tail.begin(), tail.end(), out);
}

bool checkpoint_valid(const DecodedRecord& record, Bytes bytes, const Id& writer) {
  return record.kind == RecordKind::kCheckpoint &&
         signature_holds(kCheckpointDomain, record, bytes, writer);
}

std::size_t key_change_tail_bytes() { return kTailBytes + kNextKeyBytes; }

void write_key_change_tail(Bytes head, const Id& writer, const SigningKey& key,
                           const PublicKey& next, std::uint8_t* out) {
  Buffer tail = tail_fields(writer, key.public_key());
  FieldWriter(tail).bytes(field::kNextKey, next);
  sign_tail(kKeyChangeDomain, head, key, tail);
  CHECK(tail.size() == key_change_tail_bytes());
  std::copy(tail.begin(), tail.end(), out);
}

bool key_change_valid(const DecodedRecord& record, Bytes bytes, const Id& writer) {
  return record.kind == RecordKind::kKeyChange && record.next_key &&
         record.next_key != record.key && signature_holds(kKeyChangeDomain, record, bytes, writer);
}

std::string key_name(const PublicKey& key) { return hex(Bytes(sha256(key)).first(8)); }

}  // namespace chaperone::audit
