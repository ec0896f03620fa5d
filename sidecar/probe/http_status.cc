#include "sidecar/probe/http_status.h"

namespace chaperone::probe {

std::optional<bool> http_success(std::string_view answer) {
  constexpr std::string_view kProtocol = "HTTP/1.";
  constexpr std::size_t kCodeAt = 9;  // "HTTP/1.1 "
  std::size_t end = answer.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  std::string_view line = answer.substr(0, end);
  if (line.size() < kCodeAt + 3 || !line.starts_with(kProtocol) || line[kCodeAt - 1] != ' ')
    return false;
  for (char c : line.substr(kCodeAt, 3)) {
    if (c < '0' || c > '9') return false;
  }
  return line[kCodeAt] == '2' || line[kCodeAt] == '3';
}

}  // namespace chaperone::probe
