#include "audit/checkpoint.h"

#include <algorithm>

#include "audit/fields.h"
#include "audit/text.h"
#include "audit/wire.h"
#include "proto-parsers/base/check.h"

namespace chaperone::audit {
namespace {

// What is signed begins with words of its own, so that no signature serves for something else.
constexpr std::string_view kDomain = "chaperone checkpoint 1\n";

// Tag (two bytes) and length (one) before each value.
constexpr std::size_t kSignatureFieldBytes = 3 + sizeof(Signature);
constexpr std::size_t kTailBytes = 3 + sizeof(Id) + 3 + sizeof(PublicKey) + kSignatureFieldBytes;

using Buffer = std::vector<std::uint8_t>;

std::string signed_message(Bytes head, Bytes writer_and_key) {
  return std::string(kDomain).append(as_text(head)).append(as_text(writer_and_key));
}

}  // namespace

std::size_t checkpoint_tail_bytes() { return kTailBytes; }

void write_checkpoint_tail(Bytes head, const Id& writer, const SigningKey& key, std::uint8_t* out) {
  Buffer tail;
  FieldWriter fields(tail);
  fields.bytes(field::kWriter, writer);
  fields.bytes(field::kKey, key.public_key());
  fields.bytes(field::kSignature, key.sign(as_bytes(signed_message(head, tail))));
  CHECK(tail.size() == kTailBytes);
  std::copy(tail.begin(), tail.end(), out);
}

bool checkpoint_valid(const DecodedRecord& record, Bytes bytes, const Id& writer) {
  bool complete = record.kind == RecordKind::kCheckpoint && record.writer == writer && record.key &&
                  record.signature && bytes.size() > kSignatureFieldBytes;
  if (!complete) return false;
  Bytes covered = bytes.first(bytes.size() - kSignatureFieldBytes);
  return verify(*record.key, as_bytes(signed_message(covered, {})), *record.signature);
}

std::string key_name(const PublicKey& key) { return hex(Bytes(sha256(key)).first(8)); }

}  // namespace chaperone::audit
