#pragma once
// The first packets of a connection (55.2.1, 55.2.10): they carry no type byte, and the client may
// send several (SSLRequest, GSSENCRequest, then a StartupMessage or a CancelRequest).

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "proto-parsers/base/bytes.h"
#include "proto-parsers/core/parser.h"
#include "proto-parsers/postgres/limits.h"

namespace chaperone::pg {

enum class StartupKind : std::uint8_t { kStartup, kSslRequest, kGssRequest, kCancelRequest };

struct NameValue {
  std::string_view name;
  std::string_view value;
};

// Borrowed: the views are valid until the input that was fed is released.
struct StartupPacket {
  StartupKind kind = StartupKind::kStartup;

  // kStartup. Major is always 3; the minor is what the client asked for, any number.
  std::uint16_t major = 0;
  std::uint16_t minor = 0;
  std::size_t parameter_count = 0;
  std::array<NameValue, kStartupParametersMax> parameters;  // names unique, in the client's order

  // kCancelRequest: kCancelKeyBytesMin..kCancelKeyBytesMax bytes of secret.
  std::uint32_t cancel_pid = 0;
  Bytes cancel_secret;

  std::span<const NameValue> all() const { return {parameters.data(), parameter_count}; }
  // The value of a parameter; empty where it was not sent.
  std::string_view get(std::string_view name) const;
};

// Strict as the server's ProcessStartupPacket, and stricter in this: requests have their exact
// length, a parameter's name comes once, each of SSLRequest and GSSENCRequest comes once, and after
// the StartupMessage or the CancelRequest nothing more is read (kError).
class StartupParser {
 public:
  // As core/parser.h; kStream never occurs. An event is one packet, `consumed` bytes long.
  Step next(Bytes input);
  const StartupPacket& event() const { return packet_; }
  ParseError error() const { return error_; }

  // The connection has become TLS: a GSSENCRequest or another SSLRequest is from now on an error,
  // and so is any byte that stood unconsumed behind the SSLRequest (the session checks that).
  void on_tls();

 private:
  Step fail(const char* reason);
  const char* read(Bytes packet);
  const char* read_cancel(Bytes body);
  const char* read_parameters(Bytes body);

  StartupPacket packet_;
  ParseError error_;
  bool ssl_seen_ = false;
  bool gss_seen_ = false;
  bool done_ = false;
};

// What is told to a client about versions (55.2.1): we speak 3.0 and 3.2. A newer minor, or a
// protocol option ("_pq_.*": none is known to us), is answered by NegotiateProtocolVersion.
struct Negotiation {
  std::uint16_t minor = 0;  // 0 or 2: what the connection speaks from here on
  bool must_tell = false;   // send NegotiateProtocolVersion before AuthenticationOk
};
inline constexpr std::uint16_t kMinorNewest = 2;
inline constexpr std::string_view kProtocolOptionPrefix = "_pq_.";
Negotiation negotiate(const StartupPacket& packet);

// Appended to `out`. REQUIRES: no zero byte in names and values.
void append_startup(std::string& out, std::uint16_t minor, std::span<const NameValue> parameters);
void append_ssl_request(std::string& out);
void append_cancel_request(std::string& out, std::uint32_t pid, Bytes secret);

}  // namespace chaperone::pg
