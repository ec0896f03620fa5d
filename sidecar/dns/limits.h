#pragma once
// Bounds of the pod's resolver, each with its reason. What an operator may set is in the policy's
// `dns` section (docs/dns.md).

#include <cstddef>
#include <cstdint>

namespace chaperone::dns {

// Answers kept. An agent asks for tens of names, a build for some hundreds.
inline constexpr std::size_t kCacheEntriesMax = 4096;
inline constexpr std::size_t kCacheBytesMax = 4 * 1024 * 1024;
// A record that claims a week is asked for again after an hour: a name that moved is found.
inline constexpr std::uint32_t kTtlMax_s = 3600;
// RFC 2308 section 5 lets negative answers live hours; a name that was just made must not wait.
inline constexpr std::uint32_t kNegativeTtlMax_s = 300;
// An upstream that fails is left alone so long (RFC 2308 section 7.1: at most 5 minutes).
inline constexpr std::uint32_t kFailureTtl_s = 2;

// Addresses handed out and not yet forgotten.
inline constexpr std::size_t kBindingsMax = 16384;
// Names remembered for one address: shared hosting puts thousands behind one.
inline constexpr std::size_t kBindingNamesMax = 32;
// A client may dial an address this long after its record ran out: pools and retries resolve once.
inline constexpr std::uint64_t kBindingGrace_ms = 300'000;

// Questions under way to servers; the next one is refused.
inline constexpr std::size_t kPendingMax = 512;
// Clients that wait for the answer to one question.
inline constexpr std::size_t kWaitersMax = 256;
// For one datagram to one server, and how many are sent in all (servers in turn).
inline constexpr std::uint64_t kTryMs = 1500;
inline constexpr int kTriesMax = 3;
// For a whole answer over TCP.
inline constexpr std::uint64_t kTcpMs = 4000;

// Clients over TCP at a time, how long one may rest, and questions that it may have under way.
inline constexpr std::size_t kTcpClientsMax = 64;
inline constexpr std::uint64_t kTcpIdleMs = 10'000;
inline constexpr std::size_t kTcpPipelineMax = 64;

// Zones below which distinct names are counted, and the window in which they are.
inline constexpr std::size_t kZonesMax = 256;
inline constexpr std::uint64_t kZoneWindowMs = 60'000;

// A repeated question is recorded once per window, with how often it came.
inline constexpr std::uint64_t kRecordWindowMs = 60'000;
inline constexpr std::size_t kRecordKeysMax = 1024;

}  // namespace chaperone::dns
