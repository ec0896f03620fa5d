#include "proto-parsers/dns/encode.h"

#include "proto-parsers/dns/limits.h"
#include "proto-parsers/dns/name.h"

namespace chaperone::dns {

namespace {

constexpr std::uint16_t kIsResponse = 0x8000;
constexpr std::uint16_t kTruncated = 0x0200;
constexpr std::uint16_t kRecursionDesired = 0x0100;
constexpr std::uint16_t kRecursionAvailable = 0x0080;
constexpr std::uint16_t kCheckingDisabled = 0x0010;
constexpr std::uint16_t kPointerToQuestion = 0xc000 | kHeaderBytes;
constexpr std::uint16_t kExtendedError = 15;  // RFC 8914 section 2

void put_u16(std::string& out, std::uint16_t value) {
  out.push_back(static_cast<char>(value >> 8));
  out.push_back(static_cast<char>(value));
}

void put_u32(std::string& out, std::uint32_t value) {
  put_u16(out, static_cast<std::uint16_t>(value >> 16));
  put_u16(out, static_cast<std::uint16_t>(value));
}

struct Counts {
  std::size_t questions = 0, answers = 0, authorities = 0, additional = 0;
};

void put_head(std::string& out, std::uint16_t id, std::uint16_t flags, Counts counts) {
  put_u16(out, id);
  put_u16(out, flags);
  for (std::size_t count :
       {counts.questions, counts.answers, counts.authorities, counts.additional}) {
    put_u16(out, static_cast<std::uint16_t>(count));
  }
}

// Owners that equal the question's name are a pointer to it; that is all the compression that
// pays: an address record takes 16 bytes.
void put_record(std::string& out, const Record& record, const Question& question,
                std::uint32_t age_s) {
  if (record.owner == question.name) put_u16(out, kPointerToQuestion);
  else write_name(record.owner, out);
  put_u16(out, static_cast<std::uint16_t>(record.type));
  put_u16(out, kClassIn);
  put_u32(out, record.ttl_s > age_s ? record.ttl_s - age_s : 0);
  put_u16(out, static_cast<std::uint16_t>(record.data.size()));
  out += record.data;
}

void put_edns(std::string& out, std::optional<Why> why) {
  out.push_back('\0');
  put_u16(out, static_cast<std::uint16_t>(Type::kOpt));
  put_u16(out, kEdnsUdpBytes);
  put_u32(out, 0);
  put_u16(out, why ? 6 : 0);
  if (!why) return;
  put_u16(out, kExtendedError);
  put_u16(out, 2);
  put_u16(out, static_cast<std::uint16_t>(*why));
}

std::uint16_t flags_of(const Query& query, Rcode rcode) {
  auto flags = static_cast<std::uint16_t>(kIsResponse | kRecursionAvailable);
  if (query.recursion_desired) flags |= kRecursionDesired;
  if (query.checking_disabled) flags |= kCheckingDisabled;
  return static_cast<std::uint16_t>(flags | static_cast<std::uint16_t>(rcode));
}

std::string encode_truncated(const Query& query, Rcode rcode) {
  std::string out;
  const auto flags = static_cast<std::uint16_t>(flags_of(query, rcode) | kTruncated);
  put_head(out, query.id, flags, {1, 0, 0, query.edns ? 1u : 0u});
  out += as_text(query.question_bytes);
  if (query.edns) put_edns(out, std::nullopt);
  return out;
}

}  // namespace

std::string encode_query(std::uint16_t id, const Question& question) {
  std::string out;
  put_head(out, id, kRecursionDesired, {1, 0, 0, 1});
  write_name(question.name, out);
  put_u16(out, static_cast<std::uint16_t>(question.type));
  put_u16(out, kClassIn);
  put_edns(out, std::nullopt);
  return out;
}

std::string encode_reply(const Query& query, const Reply& reply, std::size_t bytes_max) {
  const Answer& answer = *reply.answer;
  std::string out;
  out.reserve(kPlainUdpBytes);
  put_head(out, query.id, flags_of(query, answer.rcode),
           {1, answer.records.size(), answer.authority ? 1u : 0u, query.edns ? 1u : 0u});
  out += as_text(query.question_bytes);
  for (const Record& record : answer.records) {
    put_record(out, record, query.question, reply.age_s);
    if (out.size() > bytes_max) return encode_truncated(query, answer.rcode);
  }
  if (answer.authority) put_record(out, *answer.authority, query.question, reply.age_s);
  if (query.edns) put_edns(out, reply.why);
  return out.size() > bytes_max ? encode_truncated(query, answer.rcode) : out;
}

std::string encode_refusal(const Unreadable& refused) {
  std::string out;
  const auto rcode = static_cast<std::uint16_t>(refused.rcode);
  put_head(out, refused.id, static_cast<std::uint16_t>(kIsResponse | rcode), {});
  return out;
}

}  // namespace chaperone::dns
