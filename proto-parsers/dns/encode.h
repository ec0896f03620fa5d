#pragma once
// Messages that we send: to a server a plain query, to a client an answer to what it asked.

#include <cstdint>
#include <optional>
#include <string>

#include "proto-parsers/dns/response.h"

namespace chaperone::dns {

// With EDNS, so that most answers fit a datagram; without options.
std::string encode_query(std::uint16_t id, const Question& question);

struct Reply {
  const Answer* answer = nullptr;
  std::uint32_t age_s = 0;    // taken off every time to live
  std::optional<Why> why;     // told to clients that speak EDNS
};

// At most `bytes_max` long: where more would be needed, an empty answer marked as truncated, so
// that the client asks again over TCP. REQUIRES: bytes_max >= kPlainUdpBytes.
std::string encode_reply(const Query& query, const Reply& reply, std::size_t bytes_max);

// To what could not be read: a head alone.
std::string encode_refusal(const Unreadable& refused);

}  // namespace chaperone::dns
