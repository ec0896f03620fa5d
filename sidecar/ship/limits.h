#pragma once
// Bounds of shipping, each with its reason.

#include <cstddef>
#include <cstdint>

namespace chaperone::ship {

// One batch in memory at a time: large enough that signing and a round trip cost little per record,
// well below what the collector takes.
inline constexpr std::size_t kBatchBytes = 1024 * 1024;

// Records wait this long for company, so that a busy sidecar sends few large batches.
inline constexpr std::uint32_t kCompanyMs = 200;

// Without a word from the spool the shipper looks for itself.
inline constexpr std::uint32_t kLookMs = 1000;
inline constexpr std::uint32_t kDrainLookMs =
    20;  // while draining: the last records become durable

// After an error: the first wait, and the longest. Each is drawn between half and whole.
inline constexpr std::uint32_t kBackoffMinMs = 200;
inline constexpr std::uint32_t kBackoffMaxMs = 30'000;
inline constexpr std::uint32_t kBackoffDrainMs = 500;  // while draining there is no time for more

// Each step of a request: connecting, the handshake, sending, the answer.
inline constexpr std::uint32_t kStepMs = 10'000;

// An idle connection is given up after this long: it would hold a thread of the collector.
inline constexpr std::uint32_t kKeepMs = 1000;

// The same trouble is told again after this long, so that it is neither missed nor fills the log.
inline constexpr std::uint64_t kTellAgainMs = 60'000;

// A change of key that failed is tried again after this long; shipping goes on with the old key.
inline constexpr std::uint64_t kKeyChangeRetryMs = 600'000;

// What the collector may answer: a head of few short lines, a body no longer than an enrolment.
inline constexpr std::size_t kHeadBytesMax = 8 * 1024;
inline constexpr std::size_t kHeadersMax = 64;
inline constexpr std::size_t kBodyBytesMax = 64 * 1024;

// A bearer token; a file that is longer is not one.
inline constexpr std::size_t kTokenBytesMax = 4 * 1024;

}  // namespace chaperone::ship
