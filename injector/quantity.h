#pragma once
// Kubernetes' quantities: the API server writes "1000m" back as "1", so they are compared by value.

#include <optional>
#include <string_view>

namespace chaperone::injector {

// "100m", "1.5", "64Mi", "1e3"; none where it is no quantity.
std::optional<double> quantity(std::string_view text);

// Equal as text or as quantities.
bool same_quantity(std::string_view left, std::string_view right);

}  // namespace chaperone::injector
