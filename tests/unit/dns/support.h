#pragma once
// Messages spelled out by hand, so that the reader and the writer are not tested against each other
// alone.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proto-parsers/base/bytes.h"
#include "proto-parsers/dns/types.h"

namespace chaperone::dns {

std::string u16(unsigned value);
std::string u32(std::uint32_t value);
std::string wire(std::string_view name);  // without compression
std::string pointer(unsigned offset);

// A head with these flags and counts.
std::string head(unsigned flags, unsigned questions, unsigned answers = 0, unsigned authorities = 0,
                 unsigned additional = 0);
std::string question(std::string_view name, Type type, unsigned of_class = kClassIn);
std::string record(const std::string& owner, Type type, std::uint32_t ttl_s, const std::string& data);
std::string edns(unsigned udp_bytes, std::uint32_t flags = 0, const std::string& options = {});

inline constexpr unsigned kAsk = 0x0100;       // recursion desired
inline constexpr unsigned kAnswered = 0x8180;  // a response, recursion available
inline constexpr unsigned kQuestionAt = 12;    // where the question's name begins

}  // namespace chaperone::dns
