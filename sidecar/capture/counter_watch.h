#pragma once
// Reads the rules' escape counters for the sidecar, which may not: every netlink word to the packet
// filter asks for NET_ADMIN. So a process of its own holds that capability and nothing else: it
// takes no input but the kernel's, opens no port, and leaves one small file behind.
//
//   chaperone-counters 1 <seconds since 1970>
//   escaped_out 3
//   escaped_post 0
//   escaped_l2 0

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "proto-parsers/base/result.h"

namespace chaperone::capture {

using Counters = std::map<std::string, std::uint64_t>;  // packets by the counter's name

// From what nft prints for `list counters`.
Counters parse_counters(std::string_view listing);
// The file's content, as above.
std::string counters_file(const Counters& counters, std::int64_t wall_s);

// Writes `path` every `every_s` seconds, replaced as a whole and readable by all, until the process
// is told to end. Trouble is said once and tried again. Error: there is no right to read them.
Result<void> watch_counters(const std::string& path, unsigned every_s,
                            const std::function<void(std::string_view)>& say);

}  // namespace chaperone::capture
