#include "proto-parsers/tls/client_hello_body.h"

#include <algorithm>

#include "proto-parsers/base/byte_reader.h"

namespace chaperone::tls {

namespace {

constexpr std::size_t kRandomBytes = 32;
constexpr std::size_t kSessionIdBytesMax = 32;
constexpr std::size_t kNameBytesMax = 253;
constexpr std::size_t kLabelBytesMax = 63;

// Extension types (IANA "TLS ExtensionType Values").
constexpr std::uint16_t kServerName = 0;
constexpr std::uint16_t kAlpn = 16;
constexpr std::uint16_t kEncryptedClientHello = 0xfe0d;

bool is_label_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

// A host name as DNS has it, without a trailing dot (RFC 6066 section 3). Addresses are no names:
// a last label of digits alone is refused.
bool is_dns_name(std::string_view name) {
  if (name.empty() || name.size() > kNameBytesMax) return false;
  std::string_view label;
  while (true) {
    const std::size_t dot = name.find('.');
    label = name.substr(0, dot);
    if (label.empty() || label.size() > kLabelBytesMax) return false;
    if (!std::all_of(label.begin(), label.end(), is_label_byte)) return false;
    if (label.front() == '-' || label.back() == '-') return false;
    if (dot == std::string_view::npos) break;
    name.remove_prefix(dot + 1);
  }
  return !std::all_of(label.begin(), label.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// One host_name and nothing else: no other type of name was ever defined.
const char* read_server_name(Bytes data, ClientHello& hello) {
  ByteReader reader(data);
  ByteReader list = reader.sub(reader.take_u16());
  const std::uint8_t type = list.take_u8();
  const std::string_view name = as_text(list.take(list.take_u16()));
  if (!reader.at_end() || !list.at_end() || type != 0) return "server_name: not one host name";
  hello.server_name = name;
  for (char& c : hello.server_name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return is_dns_name(hello.server_name) ? nullptr : "server_name: not a DNS name";
}

const char* read_alpn(Bytes data, ClientHello& hello) {
  ByteReader reader(data);
  ByteReader list = reader.sub(reader.take_u16());
  if (!reader.at_end() || list.size() == 0) return "ALPN: the list does not fill its extension";
  while (list.size() > 0) {
    const std::string_view name = as_text(list.take(list.take_u8()));
    if (!list.ok() || name.empty()) return "ALPN: an empty or broken name";
    if (hello.alpn.size() == kAlpnNamesMax) return "ALPN: too many names";
    hello.alpn.emplace_back(name);
  }
  return nullptr;
}

const char* read_extension(std::uint16_t type, Bytes data, ClientHello& hello) {
  switch (type) {
    case kServerName:
      return read_server_name(data, hello);
    case kAlpn:
      return read_alpn(data, hello);
    case kEncryptedClientHello:
      hello.encrypted_hello = true;
      return nullptr;
    default:
      return nullptr;  // unknown ones and GREASE are the server's business
  }
}

// RFC 8446 4.2: no type twice, or two readers could see two names.
const char* read_extensions(ByteReader extensions, ClientHello& hello) {
  std::vector<std::uint16_t> seen;
  while (extensions.size() > 0) {
    const std::uint16_t type = extensions.take_u16();
    const Bytes data = extensions.take(extensions.take_u16());
    if (!extensions.ok()) return "ClientHello: an extension beyond its end";
    if (const char* reason = read_extension(type, data, hello)) return reason;
    seen.push_back(type);
  }
  std::sort(seen.begin(), seen.end());
  const bool twice = std::adjacent_find(seen.begin(), seen.end()) != seen.end();
  return twice ? "ClientHello: an extension comes twice" : nullptr;
}

}  // namespace

const char* read_client_hello(Bytes body, ClientHello& hello) {
  ByteReader reader(body);
  const std::uint16_t version = reader.take_u16();
  reader.take(kRandomBytes);
  const std::size_t session = reader.take(reader.take_u8()).size();
  const std::size_t ciphers = reader.take(reader.take_u16()).size();
  const Bytes compressions = reader.take(reader.take_u8());
  if (!reader.ok()) return "ClientHello: its fields go beyond its end";
  if (version >> 8 != 3 || version < 0x0301) return "ClientHello: an unknown version";
  if (session > kSessionIdBytesMax) return "ClientHello: a session id above 32 bytes";
  if (ciphers == 0 || ciphers % 2 != 0) return "ClientHello: a broken list of cipher suites";
  if (std::find(compressions.begin(), compressions.end(), 0) == compressions.end()) {
    return "ClientHello: no null compression";
  }
  if (reader.at_end()) return nullptr;  // before TLS 1.3 extensions may be left out
  ByteReader extensions = reader.sub(reader.take_u16());
  if (!reader.at_end()) return "ClientHello: the extensions do not fill it exactly";
  return read_extensions(extensions, hello);
}

}  // namespace chaperone::tls
