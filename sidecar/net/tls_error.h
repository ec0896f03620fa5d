#pragma once
// What BoringSSL left in its error queue, in words for the person who must act. For this room only.

#include <cstdint>
#include <string>

namespace chaperone::net {

enum class TlsRole : std::uint8_t { kServer, kClient };

// Takes the queue's first error, which is the cause, and empties the queue. `file` is what to point
// at: where the trust files lie (server), or the client certificate, if any (client).
std::string take_tls_error(TlsRole role, const std::string& file);

}  // namespace chaperone::net
