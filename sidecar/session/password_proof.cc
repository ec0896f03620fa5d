#include "sidecar/session/password_proof.h"

#include <openssl/md5.h>

#include <array>

#include "sidecar/session/secret.h"

namespace chaperone {

namespace {

std::string md5_hex(std::string& text) {
  std::array<std::uint8_t, MD5_DIGEST_LENGTH> digest;
  MD5(as_bytes(text).data(), text.size(), digest.data());
  wipe_bytes(text.data(), text.size());
  std::string out;
  for (std::uint8_t byte : digest) {
    out.push_back("0123456789abcdef"[byte >> 4]);
    out.push_back("0123456789abcdef"[byte & 15]);
  }
  return out;
}

}  // namespace

std::string md5_proof(std::string_view password, std::string_view role, Bytes salt) {
  std::string text;
  text.reserve(password.size() + role.size());  // so that no growth leaves a copy behind
  text.append(password).append(role);
  std::string inner = md5_hex(text);
  inner.append(as_text(salt));
  return "md5" + md5_hex(inner);
}

}  // namespace chaperone
