#pragma once
// What a client asks (RFC 1035 4.1, EDNS: RFC 6891): exactly one question, and nothing that could
// carry data past the resolver.

#include <cstdint>
#include <optional>
#include <string>

#include "proto-parsers/base/bytes.h"
#include "proto-parsers/dns/types.h"

namespace chaperone::dns {

struct Question {
  std::string name;  // lower case; dns/name.h
  Type type = Type::kA;
  bool operator==(const Question&) const = default;
};

struct Query {
  std::uint16_t id = 0;
  bool recursion_desired = false;
  bool checking_disabled = false;
  Question question;
  // The question as it came, its capitals included: an answer must repeat it (clients that hide a
  // nonce in the capitals compare). Valid as long as the message.
  Bytes question_bytes;
  bool edns = false;
  std::uint16_t udp_bytes = 0;  // what the client can take in a datagram; within limits.h
};

// Null, or the rule that `message` breaks: a constant that quotes nothing. Options inside EDNS
// (client subnet, cookies, padding) are read over: they are never sent on.
const char* read_query(Bytes message, Query& query);

// How to refuse what read_query could not take. Nothing where even that would be wrong: too short
// for an id, or itself an answer.
struct Unreadable {
  std::uint16_t id = 0;
  Rcode rcode = Rcode::kFormErr;
};
std::optional<Unreadable> unreadable(Bytes message);

}  // namespace chaperone::dns
