#pragma once
// Bounds of what asks the sidecar about itself.

#include <cstddef>
#include <cstdint>

namespace chaperone::admin {

// Scrapers and probes are few; a further connection is closed.
inline constexpr std::size_t kHttpConnectionsMax = 32;
// Of them at most so many from inside the pod: the agent must not keep probes and scrapers out.
inline constexpr std::size_t kHttpInsideMax = 8;
inline constexpr std::size_t kAdminConnectionsMax = 16;

// A scraper's request with all its headers is under 1 KiB; a request at the socket names one
// session or statement.
inline constexpr std::size_t kHttpRequestBytesMax = 8 * 1024;
inline constexpr std::size_t kAdminRequestBytesMax = 64 * 1024;

// What a client of the socket takes as an answer.
inline constexpr std::size_t kAdminReplyBytesMax = 16 * 1024 * 1024;

// Brackets within brackets in a request or answer; ours nest four deep.
inline constexpr std::size_t kJsonDepthMax = 64;

// From accept until the request is whole, and from one request of a kept connection to the next.
inline constexpr std::uint64_t kRequestMs = 10'000;

// Time series in one metric family. What would make more (rules of a large policy) is added up
// under the label value "other".
inline constexpr std::size_t kSeriesMax = 500;

}  // namespace chaperone::admin
