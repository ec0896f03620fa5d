#include "sidecar/net/tls_engine.h"

#include <openssl/digest.h>
#include <openssl/err.h>
#include <openssl/nid.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <cstring>

#include "sidecar/net/address.h"
#include "sidecar/net/limits.h"
#include "sidecar/net/tls_context.h"
#include "sidecar/net/tls_error.h"

namespace chaperone::net {

struct TlsEngine::Ssl {
  bssl::UniquePtr<SSL> handle;
};

// What BoringSSL calls back: memory in place of a socket, and the choice of certificates.
struct EngineCallbacks {
  static int bio_read(BIO* bio, char* out, int room) {
    auto& engine = *static_cast<TlsEngine*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    if (engine.input_.empty()) {
      BIO_set_retry_read(bio);
      return -1;
    }
    std::size_t size = std::min(engine.input_.size(), static_cast<std::size_t>(room));
    std::memcpy(out, engine.input_.data(), size);
    engine.input_ = engine.input_.subspan(size);
    return static_cast<int>(size);
  }

  static int bio_write(BIO* bio, const char* bytes, int size) {
    auto& engine = *static_cast<TlsEngine*>(BIO_get_data(bio));
    CHECK(engine.out_);
    engine.out_->append(bytes, static_cast<std::size_t>(size));
    return size;
  }

  static long bio_control(BIO*, int command, long, void*) {
    return command == BIO_CTRL_FLUSH ? 1 : 0;
  }

  static void attach_bio(SSL* ssl, TlsEngine& engine) {
    static BIO_METHOD* const method = [] {
      BIO_METHOD* made = BIO_meth_new(0, nullptr);
      BIO_meth_set_read(made, bio_read);
      BIO_meth_set_write(made, bio_write);
      BIO_meth_set_ctrl(made, bio_control);
      return made;
    }();
    BIO* bio = BIO_new(method);
    BIO_set_data(bio, &engine);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl, bio, bio);  // both roles of one BIO are one reference
  }

  // "*.example.org" stands for every name below it, each with a certificate of its own.
  static bool covers_name(std::string_view name, std::string_view asked) {
    bool all_below = name.starts_with("*.") && asked.size() >= name.size();
    if (all_below) {
      name.remove_prefix(1);
      asked.remove_prefix(asked.size() - name.size());
    }
    auto same = [](char a, char b) { return lower(a) == lower(b); };
    return std::equal(name.begin(), name.end(), asked.begin(), asked.end(), same);
  }
  static char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

  static int choose_leaf(SSL* ssl, void*) {
    TlsEngine& engine = TlsEngine::of(ssl);
    std::vector<std::string> names = engine.names_;
    std::erase_if(names, [](const std::string& name) { return name.starts_with('*'); });
    // Under a name that is not this server's the certificate would prove what is not so.
    if (const char* asked = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name)) {
      auto covers = [asked](const std::string& name) { return covers_name(name, asked); };
      bool ours = std::any_of(engine.names_.begin(), engine.names_.end(), covers);
      if (ours && std::find(names.begin(), names.end(), asked) == names.end()) {
        names.insert(names.begin(), asked);
      }
    }
    auto& server = *engine.server_->impl_;
    auto leaf = server.leaves.leaf_for(names);
    if (!leaf) {
      engine.error_ = "no certificate can be made for the name that the client asks for";
      return 0;
    }
    return SSL_use_certificate(ssl, leaf.get()) == 1 &&
                   SSL_use_PrivateKey(ssl, server.leaf_key.get()) == 1
               ? 1
               : 0;
  }

  static int on_verify(int good, X509_STORE_CTX* store) {
    if (good) return 1;
    auto* ssl =
        static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
    TlsEngine::of(ssl).error_ = problem_of(TlsEngine::of(ssl), store);
    return 0;
  }

  static std::string problem_of(const TlsEngine& engine, X509_STORE_CTX* store) {
    const TlsClientOptions& options = engine.client_->impl_->options;
    int error = X509_STORE_CTX_get_error(store);
    switch (error) {
      case X509_V_ERR_CERT_HAS_EXPIRED:
        return "the server's certificate has expired; renew it there";
      case X509_V_ERR_CERT_NOT_YET_VALID:
        return "the server's certificate is not valid yet; check the clocks";
      case X509_V_ERR_HOSTNAME_MISMATCH:
      case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return "the server's certificate is for " +
               names_of(X509_STORE_CTX_get_current_cert(store)) + " and not for " +
               engine.names_.front() + "; set the resource's tls_name to a name it has";
      case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
      case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      case X509_V_ERR_CERT_SIGNATURE_FAILURE:
        return "no CA in " + options.ca_file +
               " signed the server's certificate; put the CA that did into that file";
      default:
        return std::string("the server's certificate is refused: ") +
               X509_verify_cert_error_string(error);
    }
  }

  // What the certificate says it is for, as far as it fits a line.
  static std::string names_of(X509* certificate) {
    std::string text;
    bssl::UniquePtr<GENERAL_NAMES> names(static_cast<GENERAL_NAMES*>(
        X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
    for (std::size_t i = 0; names && i < std::min<std::size_t>(sk_GENERAL_NAME_num(names.get()), 4);
         ++i) {
      const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
      if (name->type == GEN_DNS) append_name(text, name->d.dNSName);
    }
    if (text.empty()) {
      const X509_NAME* subject = X509_get_subject_name(certificate);
      int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
      if (at >= 0) append_name(text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
    }
    return text.empty() ? "another name" : text;
  }

  static void append_name(std::string& text, const ASN1_STRING* name) {
    if (!text.empty()) text += ", ";
    const unsigned char* data = ASN1_STRING_get0_data(name);
    for (int i = 0; i < std::min(ASN1_STRING_length(name), 64); ++i) {
      text += data[i] >= 0x20 && data[i] < 0x7f ? static_cast<char>(data[i]) : '?';
    }
  }
};

namespace {

// OpenSSL's clients refuse a TLS 1.3 certificate with an alert in plaintext, before their keys are
// in place; BoringSSL takes it for a broken record. What it says is what the user needs.
int plaintext_alert(Bytes records) {
  constexpr std::size_t kHeaderBytes = 5;
  while (records.size() > kHeaderBytes) {
    std::size_t size = static_cast<std::size_t>(records[3] << 8 | records[4]);
    if (records.size() < kHeaderBytes + size) return 0;
    if (records[0] == SSL3_RT_ALERT && size == 2) return records[kHeaderBytes + 1];
    if (records[0] != SSL3_RT_CHANGE_CIPHER_SPEC) return 0;
    records = records.subspan(kHeaderBytes + size);
  }
  return 0;
}

}  // namespace

TlsEngine::TlsEngine() : ssl_(std::make_unique<Ssl>()) {}
TlsEngine::~TlsEngine() = default;

TlsEngine& TlsEngine::of(const ssl_st* ssl) {
  return *static_cast<TlsEngine*>(SSL_get_ex_data(ssl, 0));
}

Result<std::unique_ptr<TlsEngine>> TlsEngine::server(TlsServer& server,
                                                     std::vector<std::string> names) {
  std::unique_ptr<TlsEngine> engine(new TlsEngine);
  engine->server_ = &server;
  if (names.size() > kLeafNamesMax) names.resize(kLeafNamesMax);
  engine->names_ = std::move(names);
  engine->ssl_->handle.reset(SSL_new(server.impl_->context.get()));
  SSL* ssl = engine->ssl_->handle.get();
  SSL_set_ex_data(ssl, 0, engine.get());
  EngineCallbacks::attach_bio(ssl, *engine);
  SSL_set_cert_cb(ssl, EngineCallbacks::choose_leaf, nullptr);
  SSL_set_shed_handshake_config(ssl, 1);
  SSL_set_accept_state(ssl);
  return engine;
}

Result<std::unique_ptr<TlsEngine>> TlsEngine::client(TlsClient& client, const std::string& name,
                                                     const std::string& peer) {
  Result<bssl::UniquePtr<SSL_CTX>> context = client.impl_->current();
  if (!context.ok()) return context.error();
  std::unique_ptr<TlsEngine> engine(new TlsEngine);
  engine->client_ = &client;
  engine->names_ = {name};
  engine->session_key_ = name + ' ' + peer;
  engine->ssl_->handle.reset(SSL_new(context->get()));
  SSL* ssl = engine->ssl_->handle.get();
  SSL_set_ex_data(ssl, 0, engine.get());
  EngineCallbacks::attach_bio(ssl, *engine);
  const bool verifies = client.impl_->options.verify != TlsVerify::kNone;
  SSL_set_verify(ssl, verifies ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, EngineCallbacks::on_verify);
  bool address = Address::parse(name, 0).ok();
  bool full = client.impl_->options.verify == TlsVerify::kFull;
  bool named = !full || (address ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name.c_str())
                                 : SSL_set1_host(ssl, name.c_str())) == 1;
  if (!named || name.empty()) return Error{"'" + name + "' is no name that a certificate can have"};
  if (!address) SSL_set_tlsext_host_name(ssl, name.c_str());
  const std::string& alpn = client.impl_->alpn;
  SSL_set_alpn_protos(ssl, reinterpret_cast<const std::uint8_t*>(alpn.data()), alpn.size());
  if (auto session = client.impl_->recall(engine->session_key_))
    SSL_set_session(ssl, session.get());
  SSL_set_shed_handshake_config(ssl, 1);
  SSL_set_connect_state(ssl);
  return engine;
}

bool TlsEngine::keep_session(ssl_session_st* session) {
  if (!client_) return false;
  client_->impl_->remember(session_key_, bssl::UniquePtr<SSL_SESSION>(session));
  return true;
}

void TlsEngine::give(Bytes cipher) {
  if (kept_.empty()) {
    input_ = cipher;
    return;
  }
  kept_.erase(0, kept_.size() - input_.size());
  kept_.append(as_text(cipher));
  input_ = as_bytes(kept_);
}

void TlsEngine::keep() {
  if (input_.empty()) {
    std::string().swap(kept_);
  } else if (kept_.empty()) {
    kept_.assign(as_text(input_));
    input_ = as_bytes(kept_);
  }
}

TlsEngine::Step TlsEngine::fail(int alert) {
  const std::string& file =
      server_ ? server_->impl_->trust_dir : client_->impl_->options.certificate_file;
  if (alert) {
    ERR_clear_error();
    ERR_put_error(ERR_LIB_SSL, 0, SSL_AD_REASON_OFFSET + alert, __FILE__, __LINE__);
  }
  std::string reason = take_tls_error(server_ ? TlsRole::kServer : TlsRole::kClient, file);
  if (error_.empty()) error_ = std::move(reason);
  return Step::kFailed;
}

TlsEngine::Step TlsEngine::handshake(std::string& out) {
  out_ = &out;
  ERR_clear_error();
  int alert = plaintext_alert(input_);
  int result = SSL_do_handshake(ssl_->handle.get());
  int why = result == 1 ? SSL_ERROR_NONE : SSL_get_error(ssl_->handle.get(), result);
  out_ = nullptr;
  if (why == SSL_ERROR_WANT_READ) return Step::kMore;
  if (why != SSL_ERROR_NONE) return fail(alert);
  secure_ = true;
  return Step::kDone;
}

TlsEngine::Step TlsEngine::read(std::uint8_t* plain, std::size_t room, std::size_t& size,
                                std::string& out) {
  out_ = &out;
  ERR_clear_error();
  size = 0;
  Step step = Step::kDone;
  while (size < room && step == Step::kDone) {
    int got = SSL_read(ssl_->handle.get(), plain + size, static_cast<int>(room - size));
    if (got > 0) {
      size += static_cast<std::size_t>(got);
      continue;
    }
    int why = SSL_get_error(ssl_->handle.get(), got);
    step = why == SSL_ERROR_WANT_READ     ? Step::kMore
           : why == SSL_ERROR_ZERO_RETURN ? Step::kEnded
                                          : fail();
  }
  out_ = nullptr;
  return step;
}

bool TlsEngine::write(Bytes plain, std::string& out) {
  out_ = &out;
  ERR_clear_error();
  int result = SSL_write(ssl_->handle.get(), plain.data(), static_cast<int>(plain.size()));
  out_ = nullptr;
  if (result == static_cast<int>(plain.size())) return true;
  fail();
  return false;
}

void TlsEngine::end(std::string& out) {
  out_ = &out;
  SSL_shutdown(ssl_->handle.get());
  ERR_clear_error();
  out_ = nullptr;
}

std::string_view TlsEngine::alpn() const {
  const std::uint8_t* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_->handle.get(), &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

std::string_view TlsEngine::server_name() const {
  const char* name = SSL_get_servername(ssl_->handle.get(), TLSEXT_NAMETYPE_host_name);
  return name ? name : "";
}

std::string TlsEngine::end_point_hash() const {
  bssl::UniquePtr<X509> certificate(SSL_get_peer_certificate(ssl_->handle.get()));
  int digest_nid = NID_undef, key_nid = NID_undef;
  if (!certificate ||
      !OBJ_find_sigid_algs(X509_get_signature_nid(certificate.get()), &digest_nid, &key_nid)) {
    return {};
  }
  // RFC 5929 4.1: where the certificate was signed with MD5 or SHA-1, SHA-256 takes their place.
  bool weak = digest_nid == NID_md5 || digest_nid == NID_sha1 || digest_nid == NID_md5_sha1;
  const EVP_MD* digest = weak ? EVP_sha256() : EVP_get_digestbynid(digest_nid);
  std::uint8_t hash[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (!digest || X509_digest(certificate.get(), digest, hash, &size) != 1) return {};
  return {reinterpret_cast<const char*>(hash), size};
}

std::string TlsEngine::description() const {
  const SSL* ssl = ssl_->handle.get();
  return std::string(SSL_get_version(ssl)) + ' ' +
         SSL_CIPHER_standard_name(SSL_get_current_cipher(ssl));
}

}  // namespace chaperone::net
