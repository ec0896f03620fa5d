#include "collector/dev_tls.h"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>

#include "collector/files.h"

namespace chaperone::collector {

namespace {
struct Free {
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
};
using Certificate = std::unique_ptr<X509, Free>;
using Key = std::unique_ptr<EVP_PKEY, Free>;
using Bio = std::unique_ptr<BIO, Free>;

constexpr long kDaysValid = 90;

std::string names_text(const std::vector<std::string>& names) {
  std::string text = "DNS:localhost,IP:127.0.0.1,IP:::1";
  for (const std::string& name : names) {
    unsigned char address[16];
    bool is_address = inet_pton(AF_INET, name.c_str(), address) == 1 ||
                      inet_pton(AF_INET6, name.c_str(), address) == 1;
    text += (is_address ? ",IP:" : ",DNS:") + name;
  }
  return text;
}

bool add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  std::unique_ptr<X509_EXTENSION, Free> extension(
      X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

Certificate blank(const std::string& name, EVP_PKEY* key) {
  Certificate certificate(X509_new());
  std::uint64_t serial = 0;
  RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate.get()), serial >> 1);
  X509_set_version(certificate.get(), X509_VERSION_3);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -300);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), kDaysValid * 24 * 3600);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_pubkey(certificate.get(), key);
  return certificate;
}

Key new_key() { return Key(EVP_EC_gen("P-256")); }

Certificate make_ca(EVP_PKEY* key) {
  Certificate ca = blank("Chaperone development CA", key);
  X509_set_issuer_name(ca.get(), X509_get_subject_name(ca.get()));
  bool made =
      add_extension(ca.get(), ca.get(), NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
      add_extension(ca.get(), ca.get(), NID_key_usage, "critical,keyCertSign") &&
      add_extension(ca.get(), ca.get(), NID_subject_key_identifier, "hash") &&
      X509_sign(ca.get(), key, EVP_sha256()) != 0;
  return made ? std::move(ca) : nullptr;
}

Certificate make_server(EVP_PKEY* key, X509* ca, EVP_PKEY* ca_key, const std::string& names) {
  Certificate server = blank("chaperone-collector", key);
  X509_set_issuer_name(server.get(), X509_get_subject_name(ca));
  bool made = add_extension(server.get(), ca, NID_basic_constraints, "critical,CA:FALSE") &&
              add_extension(server.get(), ca, NID_key_usage, "critical,digitalSignature") &&
              add_extension(server.get(), ca, NID_ext_key_usage, "serverAuth") &&
              add_extension(server.get(), ca, NID_authority_key_identifier, "keyid") &&
              add_extension(server.get(), ca, NID_subject_alt_name, names) &&
              X509_sign(server.get(), ca_key, EVP_sha256()) != 0;
  return made ? std::move(server) : nullptr;
}

std::string pem(X509* certificate, EVP_PKEY* key) {
  Bio bio(BIO_new(BIO_s_mem()));
  if (certificate) PEM_write_bio_X509(bio.get(), certificate);
  if (key) PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  char* start = nullptr;
  long size = BIO_get_mem_data(bio.get(), &start);
  return {start, static_cast<std::size_t>(size)};
}

bool still_good(const DevTls& files, const std::string& dir, const std::string& names) {
  auto made_for = read_file(dir + "/names", 64 * 1024);
  auto text = read_file(files.certificate_file, 64 * 1024);
  if (!made_for || *made_for != names || !text || !read_file(files.key_file, 64 * 1024).ok())
    return false;
  Bio bio(BIO_new_mem_buf(text->data(), static_cast<int>(text->size())));
  Certificate certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  if (!certificate) return false;
  time_t tomorrow = time(nullptr) + 24 * 3600;
  return X509_cmp_time(X509_get0_notAfter(certificate.get()), &tomorrow) > 0;
}
}  // namespace

Result<DevTls> dev_tls(const std::string& dir, const std::vector<std::string>& names) {
  if (auto made = make_dir(dir); !made) return made.error();
  DevTls files{dir + "/ca.pem", dir + "/server.pem", dir + "/server.key"};
  std::string wanted = names_text(names);
  if (still_good(files, dir, wanted)) return files;
  // The authority's key signs once and is then forgotten: nobody can make another certificate by
  // it.
  Key ca_key = new_key(), key = new_key();
  if (!ca_key || !key) return Error{"development TLS: no key could be made"};
  Certificate ca = make_ca(ca_key.get());
  Certificate server = ca ? make_server(key.get(), ca.get(), ca_key.get(), wanted) : nullptr;
  if (!server) return Error{"development TLS: no certificate could be made for " + wanted};
  std::pair<const std::string&, std::string> contents[] = {
      {files.ca_file, pem(ca.get(), nullptr)},
      {files.certificate_file, pem(server.get(), nullptr) + pem(ca.get(), nullptr)},
      {files.key_file, pem(nullptr, key.get())}};
  for (const auto& [path, content] : contents) {
    if (auto written = write_file_whole(path, content); !written) return written.error();
  }
  if (auto written = write_file_whole(dir + "/names", wanted); !written) return written.error();
  return files;
}

}  // namespace chaperone::collector
