#pragma once
// The sidecar's own login at a PostgreSQL server (55.2.1, 55.3): from the startup packet to the
// first ReadyForQuery, without I/O. TLS, if any, stands before this begins.
//
//   UpstreamLogin login(std::move(plan), &cache);
//   send(login.start());
//   for each event of the BackendParser: send(what step(event, out) appended to out)
//   until it answers kDone (then result()) or kFailed (then error()).

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proto-parsers/base/result.h"
#include "proto-parsers/postgres/backend.h"
#include "proto-parsers/postgres/startup_settings.h"
#include "sidecar/session/scram_cache.h"
#include "sidecar/session/secret.h"

namespace chaperone {

// The weakest proof that we are willing to give; what the server asks for below it is refused, so
// that nobody in between can talk us down. Channel binding needs TLS.
enum class LoginFloor : std::uint8_t {
  kAny,        // trust and certificate, cleartext (over TLS only), MD5, SCRAM
  kMd5,        // MD5 or SCRAM; no trust
  kScram,      // SCRAM, with channel binding where the server offers it
  kScramPlus,  // SCRAM with channel binding only
};

struct LoginPlan {
  std::string role;  // upstream role
  std::string database;
  std::vector<pg::Setting> settings;  // sent as startup parameters, in this order
  Secret password;                    // wiped as soon as no later message can need it; may be empty
  LoginFloor floor = LoginFloor::kScram;
  std::uint16_t minor = 2;  // protocol 3.minor that is asked for: 0 or 2
  bool over_tls = false;
  // TLS presents a certificate of ours: a server that asks for nothing more is content with it,
  // whatever the floor says.
  bool client_certificate = false;
  // RFC 5929 tls-server-end-point: the hash of the server's certificate; empty: no channel binding.
  std::string end_point_hash;
};

struct LoginResult {
  std::uint16_t minor = 0;              // what the server speaks: 3.minor
  std::vector<pg::Setting> parameters;  // ParameterStatus, the last value of each, names as sent
  std::uint32_t pid = 0;                // BackendKeyData; 0 where the server sent none
  Secret cancel_secret;
  std::string method;  // "SCRAM-SHA-256-PLUS", "md5", "cleartext", "certificate", "trust"
};

enum class LoginStep : std::uint8_t { kGoOn, kDone, kFailed };

class Scram;

class UpstreamLogin {
 public:
  // `cache` may be null, or is shared by the loop's logins and outlives this.
  UpstreamLogin(LoginPlan plan, ScramCache* cache);
  ~UpstreamLogin();
  UpstreamLogin(const UpstreamLogin&) = delete;
  UpstreamLogin& operator=(const UpstreamLogin&) = delete;

  // The startup packet. Error: the plan cannot be sent (a zero byte, too long, no role).
  Result<std::string> start();

  // One message of the server; what must be sent is appended to `out`. Rows, COPY and whatever does
  // not belong to a login fail it. Not to be called after kDone or kFailed.
  LoginStep step(const pg::BackendMessage& message, std::string& out);

  // REQUIRES: the last step was kFailed. Names role, database and reason; no secret, and of the
  // server's error severity, SQLSTATE and message.
  const Error& error() const { return *error_; }
  // SQLSTATE of the server's error where it sent one, for the session's own ("28P01"); else empty.
  const std::string& sqlstate() const { return sqlstate_; }

  // REQUIRES: the last step was kDone; once.
  LoginResult take_result();

 private:
  LoginStep authenticate(const pg::BackendMessage& message, std::string& out);
  LoginStep cleartext(std::string& out);
  LoginStep md5(Bytes salt, std::string& out);
  LoginStep begin_scram(Bytes mechanisms, std::string& out);
  LoginStep continue_scram(Bytes data, std::string& out);
  LoginStep finish_scram(Bytes data);
  LoginStep authenticated();
  LoginStep on_negotiation(const pg::BackendMessage& message);
  LoginStep on_error(const pg::BackendMessage& message);
  LoginStep keep_parameter(const pg::BackendMessage& message);
  LoginStep keep_cancel_key(const pg::BackendMessage& message);
  LoginStep check_password();
  LoginStep below_floor(std::string_view what);
  LoginStep fail(std::string reason, std::string next_step = {});
  std::string describe(std::string_view reason, std::string_view next_step) const;

  LoginPlan plan_;
  ScramCache* cache_;
  std::unique_ptr<Scram> scram_;
  LoginResult result_;
  std::optional<Error> error_;
  std::string sqlstate_;
  bool proven_ = false;         // a password's proof was sent (or SCRAM was verified)
  bool authenticated_ = false;  // AuthenticationOk has come
};

}  // namespace chaperone
