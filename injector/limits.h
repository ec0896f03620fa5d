#pragma once
// Bounds of the injector, each with its reason.

#include <cstddef>

namespace chaperone::injector {

// The API server stores no object above 1.5 MiB; a review carries the object, at most twice.
inline constexpr std::size_t kReviewBytesMax = 4 * 1024 * 1024;

// A pod's own fields nest about 12 deep; what is deeper is nobody's pod.
inline constexpr std::size_t kJsonDepthMax = 100;

// The API server truncates messages; a person reads the first few findings.
inline constexpr std::size_t kFindingsShownMax = 20;

// The injector's own configuration file.
inline constexpr std::size_t kConfigBytesMax = 1024 * 1024;

// The spool's last words to the collector (the sidecar drains for 30 s), and room to end.
inline constexpr int kGraceSecondsMin = 40;

// Reviews at once; each holds a thread. More wait in line, and the API server gives up after 5 s.
inline constexpr std::size_t kThreads = 64;
inline constexpr std::size_t kConnectionsWaitingMax = 256;
inline constexpr int kReadTimeoutS = 5;
inline constexpr int kWriteTimeoutS = 5;
inline constexpr int kKeepAliveTimeoutS = 1;
// One request, then the end, and the answer says so. A connection kept open and closed by us at the
// moment that the API server uses it again is a pod refused: it does not repeat a POST. A handshake
// is cheaper, and every review is then served by the certificate and the replica of the day.
inline constexpr std::size_t kKeepAliveRequests = 1;

// One answer of the API server: a Secret, a Lease or a webhook configuration.
inline constexpr std::size_t kKubeAnswerBytesMax = 4 * 1024 * 1024;
inline constexpr int kKubeTimeoutS = 10;

}  // namespace chaperone::injector
