#pragma once
// The bounds of the init step, each with its reason.

#include <cstddef>

namespace chaperone::capture {

// Open dials of one agent UID to the sidecar. Below the listeners' backlog, so that
// an agent's flood is refused before a listener would answer it with SYN cookies, which have no
// owner.
inline constexpr unsigned kDialsMax = 200;
// The sidecar listens with a backlog of 4096, which the kernel cuts at net.core.somaxconn: 4096
// since Linux 5.4, but any pod may have been given less. More would be a flood all the same.
inline constexpr unsigned kDialsMaxMost = 4000;

// One dial of the self-test. It goes no farther than the loopback device; the rest is for a node
// whose processors are busy starting other pods.
inline constexpr int kSelfTestDialTimeoutMs = 5000;

// An IPv6 address cannot be used before duplicate address detection has passed, one to two seconds
// after the interface came up.
inline constexpr int kAddressReadyTimeoutMs = 5000;

// iptables-restore takes milliseconds, or waits for a lock that another tool holds.
inline constexpr int kHelperTimeoutMs = 30000;

// What a helper may print; a listing of our own tables is 10 KB.
inline constexpr std::size_t kHelperOutputBytesMax = 4 * 1024 * 1024;

// A ruleset lists what an operator wrote: more is a mistake, and a kernel set would slow the start.
inline constexpr std::size_t kResolversMax = 16;
inline constexpr std::size_t kInboundPortsMax = 15;  // xt_multiport takes no more in one rule

}  // namespace chaperone::capture
