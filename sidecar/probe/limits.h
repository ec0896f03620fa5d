#pragma once
// Bounds of probing the agent's containers.

#include <cstddef>
#include <cstdint>

namespace chaperone::probe {

// A pod's probes and hooks are at most five for each container; the list stands in an environment
// variable, which the kernel bounds at 128 KiB.
inline constexpr std::size_t kProbesMax = 512;
inline constexpr std::size_t kListBytesMax = 120 * 1024;

// Under way at once; the kubelet asks each probe once a second at most. A further one fails.
inline constexpr std::size_t kUnderWayMax = 32;

// Read of an answer before it has failed: a status line, or the frames before a gRPC message.
inline constexpr std::size_t kAnswerBytesMax = 64 * 1024;

// What Kubernetes takes as timeoutSeconds where nothing is said, and what we wait at most.
inline constexpr std::uint64_t kTimeoutMsDefault = 1000;
inline constexpr std::uint64_t kTimeoutMsMax = 600'000;

}  // namespace chaperone::probe
