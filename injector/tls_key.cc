#include "injector/tls_key.h"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <fstream>
#include <sstream>

namespace chaperone::injector {

struct TlsKey::Pair {
  ~Pair() {
    X509_free(certificate);
    EVP_PKEY_free(key);
    sk_X509_pop_free(chain, X509_free);
  }
  std::string certificate_text, key_text;
  X509* certificate = nullptr;
  EVP_PKEY* key = nullptr;
  STACK_OF(X509)* chain = sk_X509_new_null();
};

namespace {
BIO* memory_of(const std::string& text) {
  return BIO_new_mem_buf(text.data(), static_cast<int>(text.size()));
}

std::string content_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

int on_connection(SSL* connection, void* key) {
  return static_cast<const TlsKey*>(key)->put_into(connection);
}
}  // namespace

TlsKey::TlsKey() = default;
TlsKey::~TlsKey() = default;

Result<void> TlsKey::load(const std::string& certificate, const std::string& key) {
  {
    std::lock_guard lock(mutex_);
    if (pair_ && pair_->certificate_text == certificate && pair_->key_text == key) return {};
  }
  auto pair = std::make_shared<Pair>();
  pair->certificate_text = certificate;
  pair->key_text = key;
  BIO* text = memory_of(certificate);
  pair->certificate = PEM_read_bio_X509(text, nullptr, nullptr, nullptr);
  while (X509* one = PEM_read_bio_X509(text, nullptr, nullptr, nullptr))
    sk_X509_push(pair->chain, one);
  BIO_free(text);
  text = memory_of(key);
  pair->key = PEM_read_bio_PrivateKey(text, nullptr, nullptr, nullptr);
  BIO_free(text);
  if (!pair->certificate || !pair->key || X509_check_private_key(pair->certificate, pair->key) != 1)
    return Error{"certificate and key are no PEM, or do not belong together"};
  std::lock_guard lock(mutex_);
  pair_ = std::move(pair);
  return {};
}

Result<void> TlsKey::load_files(const std::string& certificate_file, const std::string& key_file) {
  auto loaded = load(content_of(certificate_file), content_of(key_file));
  if (!loaded)
    return Error{certificate_file + " and " + key_file + ": " + loaded.error().message};
  return {};
}

bool TlsKey::loaded() const {
  std::lock_guard lock(mutex_);
  return pair_ != nullptr;
}

std::string TlsKey::certificate() const {
  std::lock_guard lock(mutex_);
  return pair_ ? pair_->certificate_text : "";
}

void TlsKey::serve_in(SSL_CTX& context) { SSL_CTX_set_cert_cb(&context, on_connection, this); }

int TlsKey::put_into(SSL* connection) const {
  std::shared_ptr<const Pair> pair;
  {
    std::lock_guard lock(mutex_);
    pair = pair_;
  }
  return pair && SSL_use_cert_and_key(connection, pair->certificate, pair->key, pair->chain, 1) == 1;
}

}  // namespace chaperone::injector
