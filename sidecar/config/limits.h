#pragma once
// Bounds on what a configuration file may make us hold. Its author is trusted, its accidents are
// not: a wrong mount must end in one clear line and not in swap.

#include <cstddef>
#include <cstdint>

namespace chaperone::config {

// A Kubernetes ConfigMap holds 1 MiB at most.
inline constexpr std::size_t kYamlBytesMax = 1024 * 1024;

// Nodes in one file: a policy of a thousand rules has some twenty thousand.
inline constexpr std::size_t kYamlNodesMax = 200000;

// Nesting; the deepest key we know lies seven levels down.
inline constexpr std::size_t kYamlDepthMax = 32;

// The spool takes room by segments of 16 MiB: one kept for outcomes, one being written, one made
// ahead, one in reserve. A smaller one could not work (sidecar.cc compares it with the spool's own).
inline constexpr std::uint64_t kSpoolBytesMin = 64ull * 1024 * 1024;

// Findings shown for one file; who has more has mounted the wrong file.
inline constexpr std::size_t kFindingsMax = 50;

// Words longer than this are not compared for likeness (the comparison is quadratic).
inline constexpr std::size_t kWordBytesMax = 64;

// What a finding quotes of a wrong value.
inline constexpr std::size_t kQuoteBytesMax = 40;

}  // namespace chaperone::config
