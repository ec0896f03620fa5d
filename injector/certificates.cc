#include "injector/certificates.h"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <ctime>
#include <memory>

namespace chaperone::injector {

namespace {
struct Free {
  void operator()(X509* one) const { X509_free(one); }
  void operator()(EVP_PKEY* one) const { EVP_PKEY_free(one); }
  void operator()(BIO* one) const { BIO_free(one); }
  void operator()(X509_EXTENSION* one) const { X509_EXTENSION_free(one); }
  void operator()(X509_STORE* one) const { X509_STORE_free(one); }
  void operator()(X509_STORE_CTX* one) const { X509_STORE_CTX_free(one); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

// Clocks of API servers may be behind ours.
constexpr std::int64_t kClockSlackS = 300;

bool extend(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  Owned<X509_EXTENSION> extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

Owned<X509> blank(const std::string& name, EVP_PKEY* key, std::int64_t now_s, std::int64_t life_s) {
  Owned<X509> certificate(X509_new());
  std::uint64_t serial = 0;
  if (!certificate || RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) != 1)
    return nullptr;
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate.get()), serial >> 1);
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_TIME_set(X509_getm_notBefore(certificate.get()), now_s - kClockSlackS);
  ASN1_TIME_set(X509_getm_notAfter(certificate.get()), now_s + life_s);
  // The serial number tells authorities apart that were made one after the other.
  std::string subject = name + " " + std::to_string(serial >> 1);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(subject.substr(0, 64).c_str()),
                             -1, -1, 0);
  X509_set_pubkey(certificate.get(), key);
  return certificate;
}

std::string alternative_names(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    unsigned char address[16];
    bool is_address = inet_pton(AF_INET, name.c_str(), address) == 1 ||
                      inet_pton(AF_INET6, name.c_str(), address) == 1;
    text += (text.empty() ? "" : ",") + std::string(is_address ? "IP:" : "DNS:") + name;
  }
  return text;
}

std::string text_in(BIO* bio) {
  char* start = nullptr;
  long size = BIO_get_mem_data(bio, &start);
  return {start, static_cast<std::size_t>(size)};
}

std::string pem(X509* certificate) {
  Owned<BIO> bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), certificate);
  return text_in(bio.get());
}

std::string pem(EVP_PKEY* key) {
  Owned<BIO> bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  return text_in(bio.get());
}

std::vector<Owned<X509>> read_all(const std::string& text) {
  std::vector<Owned<X509>> all;
  Owned<BIO> bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  while (X509* one = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) all.emplace_back(one);
  return all;
}

std::int64_t seconds(const ASN1_TIME* time) {
  std::tm parts{};
  ASN1_TIME_to_tm(time, &parts);
  return ::timegm(&parts);
}

Owned<X509> sign_authority(EVP_PKEY* key, std::int64_t now_s, std::int64_t life_s) {
  Owned<X509> authority = blank("chaperone-injector-ca", key, now_s, life_s);
  bool made = authority &&
              X509_set_issuer_name(authority.get(), X509_get_subject_name(authority.get())) == 1 &&
              extend(authority.get(), authority.get(), NID_basic_constraints,
                     "critical,CA:TRUE,pathlen:0") &&
              extend(authority.get(), authority.get(), NID_key_usage, "critical,keyCertSign") &&
              extend(authority.get(), authority.get(), NID_subject_key_identifier, "hash") &&
              X509_sign(authority.get(), key, EVP_sha256()) != 0;
  return made ? std::move(authority) : nullptr;
}

Owned<X509> sign_server(X509* authority, EVP_PKEY* authority_key, EVP_PKEY* key,
                        const std::vector<std::string>& names, std::int64_t now_s,
                        std::int64_t life_s) {
  Owned<X509> server = blank("chaperone-injector", key, now_s, life_s);
  bool made =
      server && X509_set_issuer_name(server.get(), X509_get_subject_name(authority)) == 1 &&
      extend(server.get(), authority, NID_basic_constraints, "critical,CA:FALSE") &&
      extend(server.get(), authority, NID_key_usage, "critical,digitalSignature") &&
      extend(server.get(), authority, NID_ext_key_usage, "serverAuth") &&
      extend(server.get(), authority, NID_authority_key_identifier, "keyid") &&
      extend(server.get(), authority, NID_subject_alt_name, alternative_names(names)) &&
      X509_sign(server.get(), authority_key, EVP_sha256()) != 0;
  return made ? std::move(server) : nullptr;
}
}  // namespace

Result<CertificatePair> make_pair(const std::vector<std::string>& names, std::int64_t now_s,
                                  std::int64_t life_s) {
  Owned<EVP_PKEY> authority_key(EVP_EC_gen("P-256")), key(EVP_EC_gen("P-256"));
  Owned<X509> authority, server;
  if (authority_key && key) authority = sign_authority(authority_key.get(), now_s, life_s);
  if (authority)
    server = sign_server(authority.get(), authority_key.get(), key.get(), names, now_s, life_s);
  if (!server) return Error{"no certificate could be made for " + alternative_names(names)};
  return CertificatePair{pem(authority.get()), pem(server.get()), pem(key.get())};
}

std::optional<Validity> validity_of(const std::string& certificate) {
  auto all = read_all(certificate);
  if (all.empty()) return {};
  return Validity{seconds(X509_get0_notBefore(all[0].get())),
                  seconds(X509_get0_notAfter(all[0].get()))};
}

bool verifies(const std::string& bundle, const std::string& certificate, const std::string& name,
              std::int64_t now_s) {
  auto servers = read_all(certificate);
  Owned<X509_STORE> store(X509_STORE_new());
  Owned<X509_STORE_CTX> context(X509_STORE_CTX_new());
  if (servers.empty() || !store || !context) return false;
  for (const auto& authority : read_all(bundle)) X509_STORE_add_cert(store.get(), authority.get());
  X509_STORE_CTX_init(context.get(), store.get(), servers[0].get(), nullptr);
  X509_STORE_CTX_set_time(context.get(), 0, now_s);
  unsigned char address[16];
  bool is_address = inet_pton(AF_INET, name.c_str(), address) == 1 ||
                    inet_pton(AF_INET6, name.c_str(), address) == 1;
  bool for_name = is_address
                      ? X509_check_ip_asc(servers[0].get(), name.c_str(), 0) == 1
                      : X509_check_host(servers[0].get(), name.c_str(), name.size(), 0, nullptr) == 1;
  return for_name && X509_verify_cert(context.get()) == 1;
}

std::vector<std::string> certificates_in(const std::string& bundle) {
  std::vector<std::string> all;
  for (const auto& one : read_all(bundle)) all.push_back(pem(one.get()));
  return all;
}

}  // namespace chaperone::injector
