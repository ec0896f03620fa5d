#include <algorithm>

#include "audit/checkpoint.h"
#include "audit/fields.h"
#include "audit/wire.h"

namespace chaperone::audit {
namespace {

constexpr std::string_view kDomain = "chaperone enrolment 1\n";
constexpr std::uint64_t kVersion = 1;
constexpr std::size_t kSignatureFieldBytes = 2 + sizeof(Signature);

using Buffer = std::vector<std::uint8_t>;

struct Document {
  Enrolment enrolment;
  PublicKey collector{};
  Signature signature{};
};

void put_fields(const Enrolment& enrolment, const PublicKey& collector, FieldWriter& fields) {
  fields.number(field::kEnrolmentVersion, kVersion);
  fields.bytes(field::kEnrolmentWriter, enrolment.writer);
  fields.bytes(field::kEnrolmentKey, enrolment.writer_key);
  fields.fixed64(field::kEnrolmentWallNs, static_cast<std::uint64_t>(enrolment.wall_ns));
  for (const auto& [key, value] : enrolment.claims) {
    Buffer claim;
    FieldWriter inner(claim);
    inner.name(field::kLabelKey, key);
    inner.name(field::kLabelValue, value);
    fields.bytes(field::kEnrolmentClaim, claim);
  }
  fields.bytes(field::kCollectorKey, collector);
}

Buffer encoded(const Enrolment& enrolment, const PublicKey& collector, const Signature& signature) {
  Buffer out;
  FieldWriter fields(out);
  put_fields(enrolment, collector, fields);
  fields.bytes(field::kCollectorSignature, signature);
  return out;
}

std::string signed_message(Bytes body) { return std::string(kDomain).append(as_text(body)); }

template <class Array>
void copy_to(Array& out, Bytes bytes) {
  if (bytes.size() == out.size()) std::copy(bytes.begin(), bytes.end(), out.begin());
}

void take_claim(Bytes bytes, Enrolment& enrolment) {
  FieldReader reader(bytes);
  std::string key, value;
  while (auto f = reader.next()) (f->number == field::kLabelKey ? key : value) = as_text(f->bytes);
  enrolment.claims[key] = value;
}

// Reads what is there, without judging: comparing with a fresh encoding judges it all.
Document read_fields(Bytes bytes) {
  Document document;
  FieldReader reader(bytes);
  while (auto f = reader.next()) {
    switch (f->number) {
      case field::kEnrolmentWriter:
        copy_to(document.enrolment.writer, f->bytes);
        break;
      case field::kEnrolmentKey:
        copy_to(document.enrolment.writer_key, f->bytes);
        break;
      case field::kEnrolmentWallNs:
        document.enrolment.wall_ns = static_cast<std::int64_t>(f->value);
        break;
      case field::kEnrolmentClaim:
        take_claim(f->bytes, document.enrolment);
        break;
      case field::kCollectorKey:
        copy_to(document.collector, f->bytes);
        break;
      case field::kCollectorSignature:
        copy_to(document.signature, f->bytes);
        break;
      default:
        break;
    }
  }
  return document;
}

Result<Document> read_document(Bytes bytes) {
  if (bytes.size() > kEnrolmentBytesMax) return Error{"enrolment: longer than any may be"};
  Document document = read_fields(bytes);
  Buffer again = encoded(document.enrolment, document.collector, document.signature);
  if (!std::equal(again.begin(), again.end(), bytes.begin(), bytes.end())) {
    return Error{"enrolment: not in canonical form, or of a version unknown here"};
  }
  Bytes body = bytes.first(bytes.size() - kSignatureFieldBytes);
  if (!verify(document.collector, as_bytes(signed_message(body)), document.signature)) {
    return Error{"enrolment: its signature does not hold; it was altered"};
  }
  return document;
}

}  // namespace

std::vector<std::uint8_t> encode_enrolment(const Enrolment& enrolment,
                                           const SigningKey& collector) {
  Buffer out;
  FieldWriter fields(out);
  put_fields(enrolment, collector.public_key(), fields);
  fields.bytes(field::kCollectorSignature, collector.sign(as_bytes(signed_message(out))));
  return out;
}

Result<Enrolment> decode_enrolment(Bytes bytes, const PublicKey& collector) {
  auto document = read_document(bytes);
  if (!document) return document.error();
  if (document->collector != collector) {
    return Error{"enrolment: signed by the collector key " + key_name(document->collector) +
                 ", not by " + key_name(collector) +
                 "; give the key of the collector that made it"};
  }
  return std::move(document->enrolment);
}

Result<Enrolment> read_enrolment(Bytes bytes) {
  auto document = read_document(bytes);
  if (!document) return document.error();
  return std::move(document->enrolment);
}

}  // namespace chaperone::audit
