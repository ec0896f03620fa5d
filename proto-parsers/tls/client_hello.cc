#include "proto-parsers/tls/client_hello.h"

#include "proto-parsers/base/byte_reader.h"
#include "proto-parsers/tls/client_hello_body.h"

namespace chaperone::tls {

namespace {

constexpr std::uint8_t kHandshakeRecord = 22;
constexpr std::uint8_t kClientHelloType = 1;
constexpr std::size_t kRecordHeadBytes = 5;
constexpr std::size_t kFragmentBytesMax = 16 * 1024;

// What the record's head claims, or why it cannot be one. RFC 8446 5.1: a fragment is never empty.
const char* read_record_head(Bytes head, std::size_t& fragment_size) {
  ByteReader reader(head);
  if (reader.take_u8() != kHandshakeRecord) return "TLS: a record that is not of the handshake";
  const std::uint8_t major = reader.take_u8();
  const std::uint8_t minor = reader.take_u8();
  // Clients write 3.1 or 3.3 here; 3.0 is SSL 3, which nobody should speak.
  if (major != 3 || minor < 1 || minor > 4) return "TLS: a record of an unknown version";
  fragment_size = reader.take_u16();
  if (fragment_size == 0) return "TLS: an empty handshake record";
  if (fragment_size > kFragmentBytesMax) return "TLS: a record above 16 KiB";
  return nullptr;
}

}  // namespace

Step ClientHelloParser::next(Bytes input) {
  if (error_.reason) return {StepKind::kError, 0};
  while (!done_) {
    const Bytes rest = input.subspan(position_);
    // The first byte decides: what is no TLS at all shall not be waited for.
    if (!rest.empty() && rest[0] != kHandshakeRecord) {
      return fail("TLS: a record that is not of the handshake");
    }
    if (rest.size() < kRecordHeadBytes) return {StepKind::kNeedMore, 0};
    std::size_t size = 0;
    if (const char* reason = read_record_head(rest.first(kRecordHeadBytes), size)) {
      return fail(reason);
    }
    const std::size_t end = position_ + kRecordHeadBytes + size;
    if (end > kClientHelloInputBytesMax) return fail("TLS: a ClientHello in too many records");
    if (rest.size() < kRecordHeadBytes + size) return {StepKind::kNeedMore, 0};
    if (const char* reason = take_fragment(rest.subspan(kRecordHeadBytes, size))) {
      return fail(reason);
    }
    position_ = end;
  }
  return {StepKind::kEvent, position_};
}

const char* ClientHelloParser::take_fragment(Bytes fragment) {
  handshake_.append(as_text(fragment));
  ByteReader reader(as_bytes(handshake_));
  if (reader.take_u8() != kClientHelloType) return "TLS: the first message is no ClientHello";
  const std::size_t size = reader.take_u24();
  if (!reader.ok()) return nullptr;
  if (size > kClientHelloBytesMax) return "ClientHello: above 16 KiB";
  if (reader.size() < size) return nullptr;
  if (reader.size() > size) return "TLS: bytes behind the ClientHello in its record";
  done_ = true;
  const char* reason = read_client_hello(reader.take_rest(), hello_);
  handshake_ = {};
  return reason;
}

Step ClientHelloParser::fail(const char* reason) {
  error_.reason = reason;
  handshake_ = {};
  return {StepKind::kError, 0};
}

}  // namespace chaperone::tls
