#include <openssl/pem.h>

#include "sidecar/net/limits.h"
#include "sidecar/net/tls_context.h"
#include "sidecar/net/tls_engine.h"
#include "sidecar/net/tls_error.h"

namespace chaperone::net {

namespace {

bssl::UniquePtr<BIO> over(std::string& text) {
  return bssl::UniquePtr<BIO>(BIO_new_mem_buf(text.data(), static_cast<ossl_ssize_t>(text.size())));
}

Result<void> load_roots(SSL_CTX* context, const std::string& path) {
  Result<std::string> text = env::read_file(path, kPemBytesMax);
  if (!text.ok()) return text.error();
  auto memory = over(*text);
  std::size_t count = 0;
  while (X509* root = PEM_read_bio_X509(memory.get(), nullptr, nullptr, nullptr)) {
    bssl::UniquePtr<X509> owned(root);
    count += X509_STORE_add_cert(SSL_CTX_get_cert_store(context), root) == 1 ? 1 : 0;
  }
  ERR_clear_error();
  if (count == 0)
    return Error{path + " holds no certificate in PEM form; put the server's CA there"};
  return {};
}

Result<void> load_chain(SSL_CTX* context, const std::string& path) {
  Result<std::string> text = env::read_file(path, kPemBytesMax);
  if (!text.ok()) return text.error();
  auto memory = over(*text);
  bssl::UniquePtr<X509> leaf(PEM_read_bio_X509(memory.get(), nullptr, nullptr, nullptr));
  if (!leaf || SSL_CTX_use_certificate(context, leaf.get()) != 1) {
    ERR_clear_error();
    return Error{path + " holds no certificate in PEM form"};
  }
  while (X509* link = PEM_read_bio_X509(memory.get(), nullptr, nullptr, nullptr)) {
    bssl::UniquePtr<X509> owned(link);
    SSL_CTX_add1_chain_cert(context, link);
  }
  ERR_clear_error();
  return {};
}

Result<void> load_key(SSL_CTX* context, const TlsClientOptions& options) {
  Result<std::string> text = env::read_file(options.key_file, kPemBytesMax);
  if (!text.ok()) return text.error();
  auto memory = over(*text);
  bssl::UniquePtr<EVP_PKEY> key(PEM_read_bio_PrivateKey(memory.get(), nullptr, nullptr, nullptr));
  OPENSSL_cleanse(text->data(), text->size());
  ERR_clear_error();
  if (!key) return Error{options.key_file + " holds no unencrypted private key in PEM form"};
  if (SSL_CTX_use_PrivateKey(context, key.get()) == 1) return {};
  ERR_clear_error();
  return Error{options.key_file + " does not belong to " + options.certificate_file};
}

int on_new_session(SSL* ssl, SSL_SESSION* session) {
  return TlsEngine::of(ssl).keep_session(session) ? 1 : 0;
}

Result<bssl::UniquePtr<SSL_CTX>> make_context(const TlsClientOptions& options) {
  bssl::UniquePtr<SSL_CTX> context(SSL_CTX_new(TLS_method()));
  CHECK(context);
  CHECK(SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION) == 1);
  Result<void> loaded;
  if (options.verify != TlsVerify::kNone) loaded = load_roots(context.get(), options.ca_file);
  if (loaded.ok() && !options.certificate_file.empty()) {
    loaded = load_chain(context.get(), options.certificate_file);
    if (loaded.ok()) loaded = load_key(context.get(), options);
  }
  if (!loaded.ok()) return loaded.error();
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context.get(), on_new_session);
  return context;
}

}  // namespace

Result<void> TlsClient::Impl::refresh() {
  env::FileIdentity ca = env::identify(options.ca_file);
  env::FileIdentity certificate = env::identify(options.certificate_file);
  env::FileIdentity key = env::identify(options.key_file);
  bool same = generation > 0 && ca == ca_seen && certificate == certificate_seen && key == key_seen;
  if (same && context) return {};
  if (!same) ++generation;
  ca_seen = ca;
  certificate_seen = certificate;
  key_seen = key;
  context.reset();
  sessions.clear();
  Result<bssl::UniquePtr<SSL_CTX>> made = make_context(options);
  if (!made.ok()) return made.error();
  context = std::move(made).value();
  return {};
}

Result<bssl::UniquePtr<SSL_CTX>> TlsClient::Impl::current() {
  std::lock_guard lock(mutex);
  Result<void> fresh = refresh();
  if (!fresh.ok()) return fresh.error();
  return bssl::UpRef(context);
}

void TlsClient::Impl::remember(const std::string& key, bssl::UniquePtr<SSL_SESSION> session) {
  std::lock_guard lock(mutex);
  if (sessions.size() >= kTlsSessionsMax && !sessions.contains(key))
    sessions.erase(sessions.begin());
  sessions[key] = std::move(session);
}

// TLS 1.3 tickets are for one use (RFC 8446 C.4); the next connection brings a new one.
bssl::UniquePtr<SSL_SESSION> TlsClient::Impl::recall(const std::string& key) {
  std::lock_guard lock(mutex);
  auto found = sessions.find(key);
  if (found == sessions.end()) return nullptr;
  if (!SSL_SESSION_should_be_single_use(found->second.get())) return bssl::UpRef(found->second);
  auto session = std::move(found->second);
  sessions.erase(found);
  return session;
}

TlsClient::TlsClient(TlsClientOptions options) : impl_(std::make_unique<Impl>()) {
  impl_->options = std::move(options);
  impl_->alpn = alpn_wire(impl_->options.alpn);
}

TlsClient::~TlsClient() = default;

Result<void> TlsClient::check() {
  std::lock_guard lock(impl_->mutex);
  return impl_->refresh();
}

std::uint64_t TlsClient::generation() {
  std::lock_guard lock(impl_->mutex);
  Result<void> ignored = impl_->refresh();
  static_cast<void>(ignored);  // an unusable file is a change too; connecting will say so
  return impl_->generation;
}

}  // namespace chaperone::net
