#pragma once
// Which UIDs there are: in a pod with a user namespace of its own, not all of them.

#include <cstdint>
#include <string_view>

namespace chaperone::capture {

// The highest UID of those mapped without a gap from 0, as /proc/self/uid_map tells.
std::uint32_t last_uid(std::string_view uid_map);
std::uint32_t last_uid_here();

}  // namespace chaperone::capture
