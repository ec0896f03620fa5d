#pragma once
// One TLS connection over memory: ciphertext in and out, plaintext in and out, no I/O. For this
// room only.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "proto-parsers/base/bytes.h"
#include "proto-parsers/base/result.h"
#include "sidecar/net/tls.h"

struct ssl_st;
struct ssl_session_st;

namespace chaperone::net {

struct EngineCallbacks;

class TlsEngine {
 public:
  enum class Step : std::uint8_t { kMore, kDone, kEnded, kFailed };

  static Result<std::unique_ptr<TlsEngine>> server(TlsServer& server,
                                                   std::vector<std::string> names);
  // `peer` is part of the key under which a TLS session is remembered.
  static Result<std::unique_ptr<TlsEngine>> client(TlsClient& client, const std::string& name,
                                                   const std::string& peer);
  ~TlsEngine();
  TlsEngine(const TlsEngine&) = delete;
  TlsEngine& operator=(const TlsEngine&) = delete;

  // Ciphertext for the steps below, borrowed until keep() or until it is used up. What was kept
  // before comes first.
  void give(Bytes cipher);
  // Copies what is still unused, before the borrowed bytes expire.
  void keep();
  bool has_input() const { return !input_.empty(); }

  // Each appends what must be sent to `out`, also where it fails (the alert).
  // kMore: needs ciphertext. kDone: secure. kFailed: error().
  Step handshake(std::string& out);
  // Up to `room` bytes of plaintext. kMore: `size` bytes are there (perhaps 0) and no more without
  // ciphertext. kDone: `size` bytes, and more may follow. kEnded: the peer sent close_notify.
  Step read(std::uint8_t* plain, std::size_t room, std::size_t& size, std::string& out);
  // REQUIRES: secure. False: failed.
  bool write(Bytes plain, std::string& out);
  void end(std::string& out);

  // The engine of an SSL in a callback of BoringSSL.
  static TlsEngine& of(const ssl_st* ssl);
  // Takes the session over, to be resumed by a later connection. False where there is none to ask.
  bool keep_session(ssl_session_st* session);

  bool secure() const { return secure_; }
  const std::string& error() const { return error_; }
  std::string_view alpn() const;
  std::string_view server_name() const;
  std::string end_point_hash() const;
  std::string description() const;

 private:
  friend struct EngineCallbacks;
  TlsEngine();
  // `alert`: what the peer said in plaintext, where that is the cause; else 0.
  Step fail(int alert = 0);

  struct Ssl;
  std::unique_ptr<Ssl> ssl_;
  Bytes input_;       // unused ciphertext
  std::string kept_;  // owns input_ where it was kept
  std::string* out_ = nullptr;
  std::string error_;
  std::vector<std::string> names_;  // server: what the leaf must cover besides SNI
  std::string session_key_;         // client
  TlsServer* server_ = nullptr;
  TlsClient* client_ = nullptr;
  bool secure_ = false;
};

}  // namespace chaperone::net
