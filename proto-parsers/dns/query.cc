#include "proto-parsers/dns/query.h"

#include <algorithm>

#include "proto-parsers/base/byte_reader.h"
#include "proto-parsers/dns/limits.h"
#include "proto-parsers/dns/name.h"

namespace chaperone::dns {

namespace {

constexpr std::uint16_t kIsResponse = 0x8000;
constexpr std::uint16_t kOpcode = 0x7800;
constexpr std::uint16_t kTruncated = 0x0200;
constexpr std::uint16_t kRecursionDesired = 0x0100;
constexpr std::uint16_t kCheckingDisabled = 0x0010;
constexpr std::uint16_t kRcode = 0x000f;

// RFC 6891 6.1.2: the class is the sender's datagram size, the ttl holds version and flags.
const char* read_edns(ByteReader& reader, Query& query) {
  if (reader.take_u8() != 0) return "query: an additional record that is not EDNS";
  if (Type{reader.take_u16()} != Type::kOpt) return "query: an additional record that is not EDNS";
  query.udp_bytes = std::clamp(reader.take_u16(), kPlainUdpBytes, kEdnsUdpBytes);
  const std::uint32_t flags = reader.take_u32();
  reader.take(reader.take_u16());
  if (!reader.ok()) return "query: EDNS beyond its end";
  query.edns = true;
  return (flags >> 16 & 0xff) == 0 ? nullptr : "query: an EDNS version above 0";
}

const char* read_question(Bytes message, std::size_t& position, Query& query) {
  const std::size_t begin = position;
  if (!read_name(message, position, false, query.question.name)) return "question: a broken name";
  ByteReader reader(message.subspan(position));
  query.question.type = Type{reader.take_u16()};
  const std::uint16_t of_class = reader.take_u16();
  if (!reader.ok()) return "question: beyond its end";
  position += 4;
  query.question_bytes = message.subspan(begin, position - begin);
  return of_class == kClassIn ? nullptr : "question: a class other than IN";
}

}  // namespace

const char* read_query(Bytes message, Query& query) {
  ByteReader head(message);
  query.id = head.take_u16();
  const std::uint16_t flags = head.take_u16();
  const std::uint16_t questions = head.take_u16();
  const std::uint16_t answers = head.take_u16();
  const std::uint16_t authority = head.take_u16();
  const std::uint16_t additional = head.take_u16();
  if (!head.ok()) return "query: shorter than its head";
  if (flags & (kIsResponse | kTruncated | kRcode)) return "query: flags that only answers have";
  if (flags & kOpcode) return "query: not a standard query";
  if (questions != 1) return "query: not one question";
  if (answers != 0 || authority != 0 || additional > 1) return "query: records beside the question";
  query.recursion_desired = flags & kRecursionDesired;
  query.checking_disabled = flags & kCheckingDisabled;
  query.edns = false;
  query.udp_bytes = kPlainUdpBytes;
  std::size_t position = kHeaderBytes;
  if (const char* reason = read_question(message, position, query)) return reason;
  ByteReader rest(message.subspan(position));
  if (additional == 1) {
    if (const char* reason = read_edns(rest, query)) return reason;
  }
  return rest.at_end() ? nullptr : "query: bytes behind its end";
}

std::optional<Unreadable> unreadable(Bytes message) {
  ByteReader head(message);
  const std::uint16_t id = head.take_u16();
  const std::uint16_t flags = head.take_u16();
  if (message.size() < kHeaderBytes || (flags & kIsResponse)) return std::nullopt;
  return Unreadable{id, flags & kOpcode ? Rcode::kNotImp : Rcode::kFormErr};
}

}  // namespace chaperone::dns
