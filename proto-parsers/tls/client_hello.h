#pragma once
// Reads what a TLS client says first (RFC 8446 4.1.2, RFC 5246 7.4.1.2): the server name and the
// application protocols. Nothing is answered and no key is touched: it is for choosing a policy
// line before the connection is passed on, unread, or handed to a TLS engine with all its bytes.

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "proto-parsers/base/bytes.h"
#include "proto-parsers/core/parser.h"

namespace chaperone::tls {

// Handshake bytes of a ClientHello, and the records around them. Browsers with post-quantum key
// shares send under 2 KiB; 16 KiB is one full record.
inline constexpr std::size_t kClientHelloBytesMax = 16 * 1024;
// Bytes of input in all: the hello cut into records of one byte each (legal) would take 6 times its
// size, which no client does.
inline constexpr std::size_t kClientHelloInputBytesMax = 2 * kClientHelloBytesMax;
// Protocol names in ALPN: clients send under 5.
inline constexpr std::size_t kAlpnNamesMax = 32;

struct ClientHello {
  std::string server_name;        // lower case, checked to be a DNS name; empty where none was sent
  std::vector<std::string> alpn;  // in the client's order
  // Encrypted Client Hello was offered (GREASE included): the name may not be the real one.
  bool encrypted_hello = false;
};

// True where the first byte of a connection is that of a TLS handshake record.
inline bool looks_like_tls(Bytes input) { return !input.empty() && input[0] == 22; }

// Feed it all bytes since the connection's first, each time; nothing is consumed, so that they can
// be passed on. kNeedMore, kEvent (consumed: up to the end of the hello's last record) or kError.
// The hello may be cut at every byte, over records and over reads.
class ClientHelloParser {
 public:
  Step next(Bytes input);
  const ClientHello& event() const { return hello_; }
  ParseError error() const { return error_; }

 private:
  Step fail(const char* reason);
  const char* take_fragment(Bytes fragment);

  ClientHello hello_;
  ParseError error_;
  std::string handshake_;     // fragments joined
  std::size_t position_ = 0;  // of input, up to where records were taken
  bool done_ = false;
};

}  // namespace chaperone::tls
