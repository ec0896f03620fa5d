#include <cstring>

#include "sidecar/net/limits.h"
#include "sidecar/net/tls_context.h"
#include "sidecar/net/tls_error.h"
#include "sidecar/net/trust_files.h"

namespace chaperone::net {

namespace {

int select_alpn(SSL*, const std::uint8_t** out, std::uint8_t* out_size, const std::uint8_t* offered,
                unsigned offered_size, void* alpn) {
  const auto& ours = *static_cast<const std::string*>(alpn);
  int found = SSL_select_next_proto(const_cast<std::uint8_t**>(out), out_size,
                                    reinterpret_cast<const std::uint8_t*>(ours.data()),
                                    static_cast<unsigned>(ours.size()), offered, offered_size);
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

}  // namespace

std::string alpn_wire(const std::vector<std::string>& names) {
  std::string wire;
  for (const std::string& name : names) {
    if (name.empty() || name.size() > 255) return {};
    wire += static_cast<char>(name.size());
    wire += name;
  }
  return wire;
}

bssl::UniquePtr<X509> LeafCache::leaf_for(const std::vector<std::string>& names) {
  std::string key;
  for (const std::string& name : names) key += name + '\n';
  std::time_t now = std::time(nullptr);
  std::lock_guard lock(mutex_);
  auto found = index_.find(key);
  if (found != index_.end() && found->second->not_after - now > kLeafRenewSeconds) {
    leaves_.splice(leaves_.begin(), leaves_, found->second);
    return bssl::UpRef(leaves_.front().certificate);
  }
  std::time_t not_after = now + kLeafLifeSeconds;
  auto certificate = ca_.issue(names, leaf_key_, not_after);
  if (!certificate) return nullptr;
  if (found != index_.end()) leaves_.erase(found->second);
  leaves_.push_front({key, bssl::UpRef(certificate), not_after});
  index_[key] = leaves_.begin();
  if (leaves_.size() > kLeavesMax) {
    index_.erase(leaves_.back().key);
    leaves_.pop_back();
  }
  return certificate;
}

void TlsServer::Impl::make_context() {
  context.reset(SSL_CTX_new(TLS_method()));
  CHECK(context);
  CHECK(SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION) == 1);
  // Agents' clients do not resume, and a ticket would be one more secret to keep.
  SSL_CTX_set_options(context.get(), SSL_OP_NO_TICKET);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_alpn_select_cb(context.get(), select_alpn, &alpn);
}

Result<std::unique_ptr<TlsServer>> TlsServer::open(const TlsServerOptions& options) {
  Result<PodCa> ca = PodCa::open(options.key_dir);
  if (!ca.ok()) return ca.error();
  Result<void> written = write_trust_files(options, ca->pem());
  if (!written.ok()) return written.error();
  std::unique_ptr<TlsServer> server(new TlsServer);
  server->impl_ = std::make_unique<Impl>(std::move(ca).value(), make_p256_key());
  server->impl_->alpn = alpn_wire(options.alpn);
  server->impl_->trust_dir = options.trust_dir;
  server->impl_->make_context();
  return server;
}

TlsServer::~TlsServer() = default;

const std::string& TlsServer::ca_pem() const { return impl_->ca.pem(); }

}  // namespace chaperone::net
