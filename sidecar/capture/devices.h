#pragma once
// The pod's own network interfaces.

#include <string>
#include <vector>

namespace chaperone::capture {

// Every interface of this network namespace that is up, but for loopback.
std::vector<std::string> active_devices();

bool device_exists(const std::string& name);

// The kernel speaks IPv6 at all (it may be switched off at boot).
bool kernel_has_ipv6();

}  // namespace chaperone::capture
