#include "sidecar/net/tls_error.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cctype>

namespace chaperone::net {

namespace {

struct Words {
  int reason;
  TlsRole role;
  const char* text;
  bool names_file;
};

// What people do run into, and what they can do about it.
constexpr Words kWords[] = {
    {SSL_R_TLSV1_ALERT_UNKNOWN_CA, TlsRole::kServer,
     "the client does not trust this pod's CA; let its sslrootcert be bundle.pem in ", true},
    {SSL_R_SSLV3_ALERT_BAD_CERTIFICATE, TlsRole::kServer,
     "the client rejects our certificate; let its sslrootcert be bundle.pem in ", true},
    {SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN, TlsRole::kServer,
     "the client rejects our certificate; let its trust store hold ca.pem of ", true},
    {SSL_R_NO_APPLICATION_PROTOCOL, TlsRole::kServer,
     "the client offers (ALPN) no protocol that is spoken here", false},
    {SSL_R_UNSUPPORTED_PROTOCOL, TlsRole::kServer, "the client offers no TLS version from 1.2 on",
     false},
    {SSL_R_HTTP_REQUEST, TlsRole::kServer, "the client speaks HTTP where TLS was due", false},
    {SSL_R_TLSV1_ALERT_UNKNOWN_CA, TlsRole::kClient,
     "the server does not trust the CA of our client certificate ", true},
    {SSL_R_SSLV3_ALERT_BAD_CERTIFICATE, TlsRole::kClient,
     "the server rejects our client certificate ", true},
    {SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED, TlsRole::kClient,
     "the server says that our client certificate has expired: ", true},
    {SSL_R_TLSV1_ALERT_CERTIFICATE_REQUIRED, TlsRole::kClient,
     "the server wants a client certificate; name certificate_file and key_file in the resource's "
     "credential",
     false},
    {SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL, TlsRole::kClient,
     "the server does not speak this protocol under direct TLS (ALPN)", false},
    {SSL_R_WRONG_VERSION_NUMBER, TlsRole::kClient,
     "the server does not speak TLS here; check the port and that its TLS is on", false},
    {SSL_R_UNSUPPORTED_PROTOCOL, TlsRole::kClient, "the server has no TLS version from 1.2 on",
     false},
    {SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, TlsRole::kClient,
     "the server has no TLS version from 1.2 on", false},
};

std::string plain_reason(std::uint32_t error) {
  const char* reason = ERR_reason_error_string(error);
  std::string text = reason ? reason : "protocol error";
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) {
    return static_cast<char>(c == '_' ? ' ' : std::tolower(c));
  });
  return text;
}

}  // namespace

std::string take_tls_error(TlsRole role, const std::string& file) {
  std::uint32_t error = ERR_get_error();
  ERR_clear_error();
  if (error == 0) return "the peer left in the middle of TLS";
  for (const Words& words : kWords) {
    bool same = ERR_GET_LIB(error) == ERR_LIB_SSL && ERR_GET_REASON(error) == words.reason;
    if (same && words.role == role) return words.names_file ? words.text + file : words.text;
  }
  return "TLS failed: " + plain_reason(error);
}

}  // namespace chaperone::net
