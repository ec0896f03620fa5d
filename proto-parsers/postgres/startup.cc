#include "proto-parsers/postgres/startup.h"

#include <algorithm>

#include "proto-parsers/base/byte_reader.h"

namespace chaperone::pg {

namespace {

// In the place of a version: 1234 above, then what is asked for (55.7).
constexpr std::uint32_t kCancelRequestCode = 1234u << 16 | 5678;
constexpr std::uint32_t kSslRequestCode = 1234u << 16 | 5679;
constexpr std::uint32_t kGssRequestCode = 1234u << 16 | 5680;
constexpr std::size_t kLengthBytes = 4;
constexpr std::uint16_t kMajor = 3;

bool is_option(const NameValue& parameter) {
  return parameter.name.starts_with(kProtocolOptionPrefix);
}

}  // namespace

std::string_view StartupPacket::get(std::string_view name) const {
  for (const NameValue& parameter : all()) {
    if (parameter.name == name) return parameter.value;
  }
  return {};
}

Step StartupParser::next(Bytes input) {
  if (error_.reason) return {StepKind::kError, 0};
  if (done_ && !input.empty()) return fail("startup: nothing may follow the startup packet here");
  if (input.size() < kLengthBytes) return {StepKind::kNeedMore, 0};
  const std::size_t size = ByteReader(input.first(kLengthBytes)).take_u32();
  // The server's bound is on what follows the length word.
  if (size < 2 * kLengthBytes || size > kLengthBytes + kStartupBytesMax) {
    return fail("startup: length of the packet is not between 8 and 10004");
  }
  if (input.size() < size) return {StepKind::kNeedMore, 0};
  packet_.parameter_count = 0;
  packet_.cancel_secret = {};
  if (const char* reason = read(input.subspan(kLengthBytes, size - kLengthBytes))) {
    return fail(reason);
  }
  return {StepKind::kEvent, size};
}

const char* StartupParser::read(Bytes packet) {
  ByteReader reader(packet);
  const std::uint32_t code = reader.take_u32();
  if (code == kSslRequestCode) {
    packet_.kind = StartupKind::kSslRequest;
    if (!reader.at_end()) return "SSLRequest: bytes behind its code";
    if (ssl_seen_) return "SSLRequest: a second one";
    ssl_seen_ = true;
    return nullptr;
  }
  if (code == kGssRequestCode) {
    packet_.kind = StartupKind::kGssRequest;
    if (!reader.at_end()) return "GSSENCRequest: bytes behind its code";
    if (gss_seen_) return "GSSENCRequest: a second one, or one within TLS";
    gss_seen_ = true;
    return nullptr;
  }
  done_ = true;
  if (code == kCancelRequestCode) return read_cancel(reader.take_rest());
  packet_.kind = StartupKind::kStartup;
  packet_.major = static_cast<std::uint16_t>(code >> 16);
  packet_.minor = static_cast<std::uint16_t>(code);
  if (packet_.major != kMajor) return "startup: only protocol 3 is spoken here";
  return read_parameters(reader.take_rest());
}

const char* StartupParser::read_cancel(Bytes body) {
  ByteReader reader(body);
  packet_.kind = StartupKind::kCancelRequest;
  packet_.cancel_pid = reader.take_u32();
  packet_.cancel_secret = reader.take_rest();
  const std::size_t size = packet_.cancel_secret.size();
  if (!reader.ok() || size < kCancelKeyBytesMin || size > kCancelKeyBytesMax) {
    return "CancelRequest: the key is not 4 to 256 bytes long";
  }
  return nullptr;
}

// Pairs of strings, then one zero byte that must be the packet's last.
const char* StartupParser::read_parameters(Bytes body) {
  ByteReader reader(body);
  while (true) {
    const std::string_view name = reader.take_cstring();
    if (!reader.ok()) return "startup: a parameter without an end";
    if (name.empty()) break;
    const std::string_view value = reader.take_cstring();
    if (!reader.ok()) return "startup: a parameter without a value";
    const auto known = packet_.all();
    if (std::any_of(known.begin(), known.end(),
                    [&](const NameValue& other) { return other.name == name; })) {
      return "startup: a parameter comes twice";
    }
    if (packet_.parameter_count == kStartupParametersMax) return "startup: too many parameters";
    packet_.parameters[packet_.parameter_count++] = {name, value};
  }
  return reader.at_end() ? nullptr : "startup: bytes behind the terminator";
}

void StartupParser::on_tls() {
  ssl_seen_ = true;
  gss_seen_ = true;
}

Step StartupParser::fail(const char* reason) {
  error_.reason = reason;
  return {StepKind::kError, 0};
}

Negotiation negotiate(const StartupPacket& packet) {
  const auto all = packet.all();
  const bool options = std::any_of(all.begin(), all.end(), is_option);
  // 3.1 was never published; the server takes it as 3.0 and says nothing.
  const std::uint16_t minor = packet.minor >= kMinorNewest ? kMinorNewest : 0;
  return {minor, options || packet.minor > kMinorNewest};
}

}  // namespace chaperone::pg
