#include "sidecar/net/pod_ca.h"

#include <openssl/bytestring.h>
#include <openssl/ec_key.h>
#include <openssl/evp.h>
#include <openssl/nid.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

#include "sidecar/env/file.h"
#include "sidecar/net/address.h"
#include "sidecar/net/limits.h"

namespace chaperone::net {

namespace {

constexpr std::time_t kClockSlackSeconds = 3600;  // clients whose clock is behind
// Pods live for days; a root that outlives its pod by far never has to be exchanged in one.
constexpr std::time_t kRootLifeSeconds = 5L * 365 * 24 * 3600;
constexpr std::size_t kCommonNameBytesMax = 64;  // X.520 ub-common-name
constexpr std::size_t kDnsNameBytesMax = 253;

std::string to_pem(BIO* memory) {
  const std::uint8_t* data = nullptr;
  std::size_t size = 0;
  BIO_mem_contents(memory, &data, &size);
  return {reinterpret_cast<const char*>(data), size};
}

std::string random_hex() {
  std::uint8_t bytes[4];
  RAND_bytes(bytes, sizeof bytes);
  std::string text;
  for (std::uint8_t byte : bytes) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

bool set_random_serial(X509* certificate) {
  std::uint8_t bytes[16];
  RAND_bytes(bytes, sizeof bytes);
  bytes[0] = static_cast<std::uint8_t>((bytes[0] & 0x7f) | 0x40);  // positive, of full length
  bssl::UniquePtr<BIGNUM> number(BN_bin2bn(bytes, sizeof bytes, nullptr));
  return BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool add_text_name(X509_NAME* name, const char* field, const std::string& value) {
  return X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8,
                                    reinterpret_cast<const std::uint8_t*>(value.data()),
                                    static_cast<ossl_ssize_t>(value.size()), -1, 0) == 1;
}

bool add_extension(X509* certificate, X509* issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  bssl::UniquePtr<X509_EXTENSION> extension(X509V3_EXT_nconf_nid(nullptr, &context, nid, value));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bssl::UniquePtr<X509> new_certificate(EVP_PKEY* key, std::time_t not_after) {
  bssl::UniquePtr<X509> certificate(X509_new());
  X509_set_version(certificate.get(), X509_VERSION_3);
  set_random_serial(certificate.get());
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -kClockSlackSeconds);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), not_after - std::time(nullptr));
  X509_set_pubkey(certificate.get(), key);
  return certificate;
}

bssl::UniquePtr<X509> make_root(EVP_PKEY* key) {
  auto root = new_certificate(key, std::time(nullptr) + kRootLifeSeconds);
  X509_NAME* name = X509_get_subject_name(root.get());
  bool done =
      add_text_name(name, "O", "Chaperone") &&
      add_text_name(name, "CN", "Chaperone pod CA " + random_hex()) &&
      X509_set_issuer_name(root.get(), name) == 1 &&
      add_extension(root.get(), root.get(), NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
      add_extension(root.get(), root.get(), NID_key_usage, "critical,keyCertSign,cRLSign") &&
      add_extension(root.get(), root.get(), NID_subject_key_identifier, "hash") &&
      X509_sign(root.get(), key, EVP_sha256()) > 0;
  CHECK(done);
  return root;
}

bool dns_name(const std::string& name) {
  if (name.empty() || name.size() > kDnsNameBytesMax) return false;
  for (char c : name) {
    bool fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                c == '-' || c == '.' || c == '_';
    if (!fine) return false;
  }
  return true;
}

// One SAN entry; null where the name is neither address nor host name.
bssl::UniquePtr<GENERAL_NAME> general_name(const std::string& name) {
  bssl::UniquePtr<GENERAL_NAME> entry(GENERAL_NAME_new());
  Result<Address> address = Address::parse(name, 0);
  if (!address.ok() && !dns_name(name)) return nullptr;
  auto bytes = address.ok() ? address->bytes() : std::array<std::uint8_t, 16>{};
  auto skipped = static_cast<std::size_t>(address.ok() && address->v4() ? 12 : 0);
  bssl::UniquePtr<ASN1_STRING> value(
      ASN1_STRING_type_new(address.ok() ? V_ASN1_OCTET_STRING : V_ASN1_IA5STRING));
  if (address.ok()) {
    ASN1_STRING_set(value.get(), bytes.data() + skipped,
                    static_cast<ossl_ssize_t>(bytes.size() - skipped));
  } else {
    ASN1_STRING_set(value.get(), name.data(), static_cast<ossl_ssize_t>(name.size()));
  }
  GENERAL_NAME_set0_value(entry.get(), address.ok() ? GEN_IPADD : GEN_DNS, value.release());
  return entry;
}

bool add_alternative_names(X509* certificate, const std::vector<std::string>& names) {
  bssl::UniquePtr<GENERAL_NAMES> list(sk_GENERAL_NAME_new_null());
  for (const std::string& name : names) {
    auto entry = general_name(name);
    if (!entry) return false;
    bssl::PushToStack(list.get(), std::move(entry));
  }
  return X509_add1_ext_i2d(certificate, NID_subject_alt_name, list.get(), 0, 0) == 1;
}

Result<bssl::UniquePtr<EVP_PKEY>> load_key(const std::string& path) {
  Result<std::string> text = env::read_file(path, kPemBytesMax);
  if (!text.ok()) return text.error();
  bssl::UniquePtr<BIO> memory(
      BIO_new_mem_buf(text->data(), static_cast<ossl_ssize_t>(text->size())));
  bssl::UniquePtr<EVP_PKEY> key(PEM_read_bio_PrivateKey(memory.get(), nullptr, nullptr, nullptr));
  OPENSSL_cleanse(text->data(), text->size());
  if (!key) return Error{path + " holds no private key; remove it and restart for a new CA"};
  return key;
}

Result<void> store_key(const std::string& path, EVP_PKEY* key) {
  bssl::UniquePtr<BIO> memory(BIO_new(BIO_s_mem()));
  CHECK(PEM_write_bio_PrivateKey(memory.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
  std::string text = to_pem(memory.get());
  Result<void> stored = env::replace_file(path, text, 0600);
  OPENSSL_cleanse(text.data(), text.size());
  return stored;
}

Result<bssl::UniquePtr<X509>> load_certificate(const std::string& path, EVP_PKEY* key) {
  Result<std::string> text = env::read_file(path, kPemBytesMax);
  if (!text.ok()) return text.error();
  bssl::UniquePtr<BIO> memory(
      BIO_new_mem_buf(text->data(), static_cast<ossl_ssize_t>(text->size())));
  bssl::UniquePtr<X509> certificate(PEM_read_bio_X509(memory.get(), nullptr, nullptr, nullptr));
  const char* next = "; remove it and restart for a new certificate of the same CA";
  if (!certificate) return Error{path + " holds no certificate" + next};
  if (X509_check_private_key(certificate.get(), key) != 1) {
    return Error{path + " does not belong to the key beside it" + next};
  }
  if (X509_cmp_current_time(X509_get0_notAfter(certificate.get())) < 0) {
    return Error{path + " has expired" + next};
  }
  return certificate;
}

}  // namespace

bssl::UniquePtr<EVP_PKEY> make_p256_key() {
  bssl::UniquePtr<EC_KEY> curve(EC_KEY_new_by_curve_name(NID_X9_62_prime256v1));
  CHECK(curve && EC_KEY_generate_key(curve.get()) == 1);
  bssl::UniquePtr<EVP_PKEY> key(EVP_PKEY_new());
  CHECK(EVP_PKEY_set1_EC_KEY(key.get(), curve.get()) == 1);
  return key;
}

Result<PodCa> PodCa::open(const std::string& dir) {
  Result<void> made = env::make_directory(dir, 0700);
  if (!made.ok()) return made.error();
  std::string key_path = dir + "/tls-ca.key", certificate_path = dir + "/tls-ca.pem";
  PodCa ca;
  if (env::identify(key_path) == env::FileIdentity{}) {
    ca.key_ = make_p256_key();
    Result<void> stored = store_key(key_path, ca.key_.get());
    if (!stored.ok()) return stored.error();
  } else {
    Result<bssl::UniquePtr<EVP_PKEY>> key = load_key(key_path);
    if (!key.ok()) return key.error();
    ca.key_ = std::move(key).value();
  }
  if (env::identify(certificate_path) == env::FileIdentity{}) {
    auto root = make_root(ca.key_.get());
    bssl::UniquePtr<BIO> memory(BIO_new(BIO_s_mem()));
    CHECK(PEM_write_bio_X509(memory.get(), root.get()) == 1);
    Result<void> stored = env::replace_file(certificate_path, to_pem(memory.get()), 0600);
    if (!stored.ok()) return stored.error();
  }
  auto certificate = load_certificate(certificate_path, ca.key_.get());
  if (!certificate.ok()) return certificate.error();
  ca.certificate_ = std::move(certificate).value();
  bssl::UniquePtr<BIO> memory(BIO_new(BIO_s_mem()));
  CHECK(PEM_write_bio_X509(memory.get(), ca.certificate_.get()) == 1);
  ca.pem_ = to_pem(memory.get());
  return ca;
}

bssl::UniquePtr<X509> PodCa::issue(const std::vector<std::string>& names, EVP_PKEY* leaf_key,
                                   std::time_t not_after) const {
  auto leaf = new_certificate(leaf_key, not_after);
  std::string common = names.empty() ? "" : names.front().substr(0, kCommonNameBytesMax);
  X509* root = certificate_.get();
  bool done = add_text_name(X509_get_subject_name(leaf.get()), "CN", common) &&
              X509_set_issuer_name(leaf.get(), X509_get_subject_name(root)) == 1 &&
              add_alternative_names(leaf.get(), names) &&
              add_extension(leaf.get(), root, NID_basic_constraints, "critical,CA:FALSE") &&
              add_extension(leaf.get(), root, NID_key_usage, "critical,digitalSignature") &&
              add_extension(leaf.get(), root, NID_ext_key_usage, "serverAuth") &&
              add_extension(leaf.get(), root, NID_authority_key_identifier, "keyid:always") &&
              X509_sign(leaf.get(), key_.get(), EVP_sha256()) > 0;
  return done ? std::move(leaf) : nullptr;
}

}  // namespace chaperone::net
