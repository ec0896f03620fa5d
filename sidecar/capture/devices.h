#pragma once
// The pod's own network interfaces.

#include <string>
#include <vector>

#include "proto-parsers/base/result.h"

namespace chaperone::capture {

// Every interface of this network namespace that is up, but for loopback.
std::vector<std::string> active_devices();

// A guard on a device that is not there would be accepted, and guard nothing: the error names it.
Result<void> check_devices(const std::vector<std::string>& devices);

// The kernel speaks IPv6 at all (it may be switched off at boot).
bool kernel_has_ipv6();

}  // namespace chaperone::capture
