#pragma once
// Bounds of the spool, with their reasons.

#include <cstddef>
#include <cstdint>

namespace chaperone::spool {

// The part of a segment that is mapped for writing. It counts as resident memory, so it is small;
// mapping the next one costs two system calls per 2,000 records or so.
inline constexpr std::size_t kWindowBytes = 256 * 1024;

// Mapped ahead of need, some hundred records at a time.
inline constexpr std::size_t kReadyBytes = 64 * 1024;

inline constexpr std::uint64_t kSegmentBytesMin = 2ull << 20;   // holds the largest record
inline constexpr std::uint64_t kSegmentBytesMax = 64ull << 20;  // recovery reads one into memory
// One kept for outcomes (below), one being written, one made ahead, one in reserve.
inline constexpr std::uint64_t kSegmentsMin = 4;

// Acknowledged segments kept, so that a crash still finds the commands whose outcome it hid.
inline constexpr std::size_t kKeptSegments = 1;

inline constexpr std::size_t kKeyFileBytesMax = 4096;

}  // namespace chaperone::spool
