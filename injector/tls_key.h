#pragma once
// The certificate that the server shows, exchanged while it serves.

#include <memory>
#include <mutex>
#include <string>

#include "proto-parsers/base/result.h"

using SSL_CTX = struct ssl_ctx_st;
using SSL = struct ssl_st;

namespace chaperone::injector {

class TlsKey {
 public:
  TlsKey();
  ~TlsKey();

  // PEM. Connections from now on get it; those that are open keep theirs. Error: they do not belong
  // together, and the one before stays.
  Result<void> load(const std::string& certificate, const std::string& key);
  // Of a file each; loaded again when they changed.
  Result<void> load_files(const std::string& certificate_file, const std::string& key_file);

  bool loaded() const;
  std::string certificate() const;  // "" before the first
  // Makes the context ask here for every connection. The context must not outlive this.
  void serve_in(SSL_CTX& context);
  // For the callback alone: 1 if the connection has a certificate now.
  int put_into(SSL* connection) const;

 private:
  struct Pair;
  mutable std::mutex mutex_;
  std::shared_ptr<const Pair> pair_;
};

}  // namespace chaperone::injector
