#include "sidecar/capture/user_ids.h"

#include <fstream>
#include <map>
#include <sstream>
#include <string>

namespace chaperone::capture {

std::uint32_t last_uid(std::string_view uid_map) {
  std::map<std::uint64_t, std::uint64_t> ranges;  // first UID inside -> how many
  std::istringstream lines{std::string(uid_map)};
  std::uint64_t inside = 0, outside = 0, count = 0;
  while (lines >> inside >> outside >> count) ranges[inside] = count;
  std::uint64_t next = 0;
  for (const auto& [first, size] : ranges) {
    if (first == next) next += size;
  }
  return next == 0 ? 0 : static_cast<std::uint32_t>(next - 1);
}

std::uint32_t last_uid_here() {
  std::ifstream file("/proc/self/uid_map");
  std::stringstream text;
  text << file.rdbuf();
  return last_uid(text.str());
}

}  // namespace chaperone::capture
