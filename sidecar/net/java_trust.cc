#include "sidecar/net/java_trust.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include <string_view>

#include "proto-parsers/base/check.h"

namespace chaperone::net {

namespace {

constexpr std::uint32_t kMagic = 0xfeedfeed, kVersion = 2, kTrustedEntry = 2;
// What the format's digest is salted with, after the password.
constexpr std::string_view kSalt = "Mighty Aphrodite";

void put(std::string& out, std::uint64_t number, int bytes) {
  while (bytes-- > 0) out += static_cast<char>(number >> (8 * bytes) & 0xff);
}

void put_text(std::string& out, std::string_view text) {
  put(out, text.size(), 2);
  out += text;
}

void put_certificate(std::string& out, X509* certificate, std::size_t number,
                     std::uint64_t now_ms) {
  std::uint8_t* der = nullptr;
  int size = i2d_X509(certificate, &der);
  CHECK(size > 0);
  bssl::UniquePtr<std::uint8_t> owned(der);
  put(out, kTrustedEntry, 4);
  put_text(out, "chaperone-" + std::to_string(number));
  put(out, now_ms, 8);
  put_text(out, "X.509");
  put(out, static_cast<std::uint64_t>(size), 4);
  out.append(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
}

std::string digest(std::string_view store) {
  std::string salted;
  for (char c : std::string_view(kJavaTrustPassword)) (salted += '\0') += c;
  salted += kSalt;
  salted += store;
  std::uint8_t out[SHA_DIGEST_LENGTH];
  SHA1(reinterpret_cast<const std::uint8_t*>(salted.data()), salted.size(), out);
  return {reinterpret_cast<const char*>(out), sizeof out};
}

}  // namespace

std::string java_trust_store(const std::string& pem, std::uint64_t now_ms) {
  bssl::UniquePtr<BIO> memory(BIO_new_mem_buf(pem.data(), static_cast<ossl_ssize_t>(pem.size())));
  std::string entries;
  std::size_t count = 0;
  while (X509* certificate = PEM_read_bio_X509(memory.get(), nullptr, nullptr, nullptr)) {
    bssl::UniquePtr<X509> owned(certificate);
    put_certificate(entries, certificate, count++, now_ms);
  }
  ERR_clear_error();
  std::string store;
  put(store, kMagic, 4);
  put(store, kVersion, 4);
  put(store, count, 4);
  store += entries;
  return store + digest(store);
}

}  // namespace chaperone::net
