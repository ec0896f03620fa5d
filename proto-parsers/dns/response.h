#pragma once
// What a server answered, taken apart so that it can be put together anew: the agent gets what was
// understood and nothing else.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "proto-parsers/dns/query.h"

namespace chaperone::dns {

struct Record {
  std::string owner;
  Type type = Type::kA;
  std::uint32_t ttl_s = 0;  // below 2^31; greater ones count as 0 (RFC 2181 section 8)
  std::string data;    // as on the wire, names inside written out whole
  std::string target;  // the name inside, of CNAME, NS, PTR, MX, SRV, SVCB and HTTPS
  bool operator==(const Record&) const = default;
};

struct Answer {
  Rcode rcode = Rcode::kNoError;
  // The aliases from the question's name on, in their order, then the records of the type asked
  // for, all of them owned by the last alias.
  std::vector<Record> records;
  // Of a negative answer: how long it holds (RFC 2308 section 5). Without it: not at all.
  std::optional<Record> authority;
  bool operator==(const Answer&) const = default;
};

struct Response {
  std::uint16_t id = 0;
  bool truncated = false;  // then `answer` is empty: ask again over TCP
  Question question;
  Answer answer;
};

// Null, or the rule that `message` breaks. Left out, because nobody asked for it: records of other
// owners and types (signatures, glue, other names' addresses), the additional section, and from
// SVCB and HTTPS what service_binding.h removes. A message without a question, with two, or with a
// chain of aliases that does not lead on is broken.
const char* read_response(Bytes message, Response& response);

}  // namespace chaperone::dns
