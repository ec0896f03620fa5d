#pragma once
// Names that the injector gives and that pods may not take.

#include <string_view>

namespace chaperone::injector {

inline constexpr std::string_view kInitName = "chaperone-init";
inline constexpr std::string_view kSidecarName = "chaperone";
inline constexpr std::string_view kReserved = "chaperone";  // containers and volumes that begin so

inline constexpr std::string_view kInject = "chaperone.dev/inject";
inline constexpr std::string_view kPolicy = "chaperone.dev/policy";
inline constexpr std::string_view kStatus = "chaperone.dev/status";
inline constexpr std::string_view kAnnotations = "chaperone.dev/";  // all that begin so are ours

inline constexpr std::string_view kTrustVolume = "chaperone-trust";
inline constexpr std::string_view kTrustPath = "/run/chaperone/trust";

// Where in-cluster clients look; a folder of the trust volume is mounted there.
inline constexpr std::string_view kAccountPath = "/var/run/secrets/kubernetes.io/serviceaccount";
inline constexpr std::string_view kAccountFolder = "serviceaccount";

// The API server's own volume with a service-account token.
inline constexpr std::string_view kTokenVolume = "kube-api-access-";

}  // namespace chaperone::injector
