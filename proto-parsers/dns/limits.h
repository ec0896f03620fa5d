#pragma once
// Bounds of the wire format (RFC 1035 2.3.4) and on what one message may make us hold.

#include <cstddef>
#include <cstdint>

namespace chaperone::dns {

inline constexpr std::size_t kLabelBytesMax = 63;
// As text, without the trailing dot: 255 bytes on the wire less the first length and the root.
inline constexpr std::size_t kNameBytesMax = 253;
// What a length word in front of a message over TCP can say.
inline constexpr std::size_t kMessageBytesMax = 65535;
inline constexpr std::size_t kHeaderBytes = 12;

// Without EDNS a datagram holds 512 bytes (RFC 1035 4.2.1). With it we neither offer nor believe
// more than 1232, which fits every path without fragments (a fragment can be forged blindly).
inline constexpr std::uint16_t kPlainUdpBytes = 512;
inline constexpr std::uint16_t kEdnsUdpBytes = 1232;

// Records read of one response. A full one over TCP holds some 4,000 addresses; real ones under 50.
inline constexpr std::size_t kRecordsMax = 512;
// Names from the question to its answer. Resolvers give up between 8 and 16.
inline constexpr std::size_t kAliasesMax = 16;

}  // namespace chaperone::dns
