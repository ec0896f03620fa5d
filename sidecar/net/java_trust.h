#pragma once
// A Java trust store: the certificates of a PEM text in the JDK's own format (JKS, version 2),
// which every JDK reads beside PKCS #12.

#include <cstdint>
#include <string>

namespace chaperone::net {

// Stands in JAVA_TOOL_OPTIONS of every pod. It guards nothing: the store holds no key, and the
// digest made with it finds damage, not change.
inline constexpr char kJavaTrustPassword[] = "changeit";

// Every certificate of `pem`, in its order, as trusted; what does not parse is left out. `now_ms`:
// since 1970, the entries' date.
std::string java_trust_store(const std::string& pem, std::uint64_t now_ms);

}  // namespace chaperone::net
