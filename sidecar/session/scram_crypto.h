#pragma once
// The few primitives that SCRAM and its cache need, over BoringSSL. For this room alone.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sidecar/session/scram_cache.h"

namespace chaperone {

using Sha256 = std::array<std::uint8_t, kSha256Bytes>;

Sha256 sha256(Bytes data);
Sha256 hmac_sha256(Bytes key, std::string_view data);
std::string base64(Bytes data);
// Strict: full groups with their padding, no spaces. Nothing where it is not base64.
std::optional<std::string> from_base64(std::string_view text);
void random_bytes(std::span<std::uint8_t> out);
// In constant time for equal sizes.
bool equal_secret(Bytes a, Bytes b);

}  // namespace chaperone
