#pragma once
// The status line of an HTTP/1.x response (RFC 9112 4), as far as a probe needs it.

#include <optional>
#include <string_view>

namespace chaperone::probe {

// Nothing while the line is not whole; then whether the kubelet would call it a success: 200 to
// 399. What is no status line is none.
std::optional<bool> http_success(std::string_view answer);

}  // namespace chaperone::probe
