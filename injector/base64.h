#pragma once
// RFC 4648, as Secrets and patches carry it.

#include <string>
#include <string_view>

namespace chaperone::injector {

std::string to_base64(std::string_view bytes);
// Empty where it is no base64.
std::string from_base64(std::string_view text);

}  // namespace chaperone::injector
