#include "sidecar/session/login.h"

#include <algorithm>
#include <utility>

#include "proto-parsers/base/check.h"
#include "proto-parsers/postgres/encode.h"
#include "sidecar/session/password_proof.h"
#include "sidecar/session/saslprep.h"
#include "sidecar/session/scram.h"

namespace chaperone {

namespace {

constexpr std::string_view kScramPlus = "SCRAM-SHA-256-PLUS";
constexpr std::string_view kScramPlain = "SCRAM-SHA-256";
// A server reports under 20 settings.
constexpr std::size_t kParametersMax = 256;
// Of the server's words in our own error.
constexpr std::size_t kServerTextBytesMax = 1000;

bool has_zero(std::string_view text) { return text.find('\0') != std::string_view::npos; }

struct Mechanisms {
  bool plain = false;
  bool plus = false;
};

// Zero-ended names, then one zero byte.
Mechanisms read_mechanisms(Bytes list) {
  Mechanisms found;
  ByteReader reader(list);
  for (std::string_view name = reader.take_cstring(); !name.empty(); name = reader.take_cstring()) {
    found.plain |= name == kScramPlain;
    found.plus |= name == kScramPlus;
  }
  return found;
}

}  // namespace

UpstreamLogin::UpstreamLogin(LoginPlan plan, ScramCache* cache)
    : plan_(std::move(plan)), cache_(cache) {}

UpstreamLogin::~UpstreamLogin() = default;

Result<std::string> UpstreamLogin::start() {
  if (plan_.role.empty())
    return Error{describe("no role to log in as", "name one in the resource")};
  std::vector<pg::NameValue> parameters = {{"user", plan_.role}, {"database", plan_.database}};
  for (const pg::Setting& setting : plan_.settings) {
    parameters.push_back({setting.name, setting.value});
  }
  for (const auto& [name, value] : parameters) {
    if (name.empty() || has_zero(name) || has_zero(value)) {
      return Error{describe("a startup parameter is empty or has a zero byte in it", "")};
    }
  }
  std::string packet;
  pg::append_startup(packet, plan_.minor, parameters);
  if (packet.size() > kStartupBytesMax) {
    return Error{describe("the startup packet is longer than a server takes", "")};
  }
  result_.minor = plan_.minor;
  return packet;
}

LoginStep UpstreamLogin::step(const pg::BackendMessage& message, std::string& out) {
  CHECK(!error_);
  switch (message.type) {
    case pg::BackendType::kErrorResponse:
      return on_error(message);
    case pg::BackendType::kNoticeResponse:
      return LoginStep::kGoOn;
    case pg::BackendType::kNegotiateProtocolVersion:
      return on_negotiation(message);
    case pg::BackendType::kAuthentication:
      if (!authenticated_) return authenticate(message, out);
      break;
    case pg::BackendType::kParameterStatus:
      if (authenticated_) return keep_parameter(message);
      break;
    case pg::BackendType::kBackendKeyData:
      if (authenticated_ && result_.cancel_secret.empty()) return keep_cancel_key(message);
      break;
    case pg::BackendType::kReadyForQuery:
      if (authenticated_ && message.status == pg::TransactionStatus::kIdle) return LoginStep::kDone;
      break;
    default:
      break;
  }
  return fail("the server sent a " + std::string(pg::name_of(message.type)) +
              " where the login has none");
}

LoginStep UpstreamLogin::authenticate(const pg::BackendMessage& message, std::string& out) {
  const bool in_scram = scram_ != nullptr;
  switch (message.authentication) {
    case pg::AuthenticationCode::kOk:
      return authenticated();
    case pg::AuthenticationCode::kCleartextPassword:
      if (!in_scram && !proven_) return cleartext(out);
      break;
    case pg::AuthenticationCode::kMd5Password:
      if (!in_scram && !proven_) return md5(message.data, out);
      break;
    case pg::AuthenticationCode::kSasl:
      if (!in_scram && !proven_) return begin_scram(message.data, out);
      break;
    case pg::AuthenticationCode::kSaslContinue:
      if (in_scram && !proven_) return continue_scram(message.data, out);
      break;
    case pg::AuthenticationCode::kSaslFinal:
      if (in_scram && proven_ && !scram_->verified()) return finish_scram(message.data);
      break;
    default:
      return fail("the server asks for Kerberos, GSSAPI or SSPI, which is not supported",
                  "let its pg_hba.conf ask for scram-sha-256 or a certificate");
  }
  return fail("the server asks for a proof out of turn");
}

LoginStep UpstreamLogin::cleartext(std::string& out) {
  if (!plan_.over_tls) {
    return fail("the server asks for the password in clear over a connection without TLS",
                "use TLS, or let its pg_hba.conf ask for scram-sha-256");
  }
  if (plan_.floor != LoginFloor::kAny) return below_floor("the password in clear");
  if (const LoginStep step = check_password(); step != LoginStep::kGoOn) return step;
  pg::append_password(out, plan_.password.view());
  plan_.password.wipe();
  result_.method = "cleartext";
  proven_ = true;
  return LoginStep::kGoOn;
}

LoginStep UpstreamLogin::md5(Bytes salt, std::string& out) {
  if (plan_.floor > LoginFloor::kMd5) return below_floor("an MD5 proof");
  if (const LoginStep step = check_password(); step != LoginStep::kGoOn) return step;
  pg::append_password(out, md5_proof(plan_.password.view(), plan_.role, salt));
  plan_.password.wipe();
  result_.method = "md5";
  proven_ = true;
  return LoginStep::kGoOn;
}

LoginStep UpstreamLogin::begin_scram(Bytes mechanisms, std::string& out) {
  const Mechanisms offered = read_mechanisms(mechanisms);
  const bool can_bind = plan_.over_tls && !plan_.end_point_hash.empty();
  const bool bind = offered.plus && can_bind;
  if (!bind && plan_.floor == LoginFloor::kScramPlus) return below_floor("SCRAM without binding");
  if (!bind && !offered.plain)
    return fail("the server offers no SASL mechanism that is known here");
  if (const LoginStep step = check_password(); step != LoginStep::kGoOn) return step;

  Scram::Options options;
  options.binding = bind       ? ScramBinding::kEndPoint
                    : can_bind ? ScramBinding::kNotOffered
                               : ScramBinding::kNone;
  options.end_point_hash = plan_.end_point_hash;
  scram_ = std::make_unique<Scram>(saslprep(plan_.password.view()), std::move(options), cache_);
  plan_.password.wipe();
  result_.method = bind ? kScramPlus : kScramPlain;
  pg::append_sasl_initial_response(out, result_.method, as_bytes(scram_->first_message()));
  return LoginStep::kGoOn;
}

LoginStep UpstreamLogin::continue_scram(Bytes data, std::string& out) {
  auto reply = scram_->final_message(as_text(data));
  if (!reply) return fail(reply.error().message);
  pg::append_sasl_response(out, as_bytes(*reply));
  proven_ = true;
  return LoginStep::kGoOn;
}

LoginStep UpstreamLogin::finish_scram(Bytes data) {
  if (auto verified = scram_->verify(as_text(data)); !verified) {
    return fail(verified.error().message, "make sure that this is the right server");
  }
  return LoginStep::kGoOn;
}

LoginStep UpstreamLogin::authenticated() {
  if (scram_ && !scram_->verified()) {
    return fail("the server let us in without proving that it knows the password's verifier",
                "make sure that this is the right server");
  }
  const bool certified = plan_.over_tls && plan_.client_certificate;
  if (!proven_ && !certified && plan_.floor != LoginFloor::kAny) {
    return below_floor("no proof at all");
  }
  if (!proven_) result_.method = certified ? "certificate" : "trust";
  plan_.password.wipe();
  authenticated_ = true;
  return LoginStep::kGoOn;
}

// Sent in place of a refusal by a server that speaks an older minor than we asked for.
LoginStep UpstreamLogin::on_negotiation(const pg::BackendMessage& message) {
  if (authenticated_ || message.number >= plan_.minor || message.count > 0) {
    return fail("the server negotiates a protocol version that was not asked for");
  }
  result_.minor = static_cast<std::uint16_t>(message.number);
  return LoginStep::kGoOn;
}

LoginStep UpstreamLogin::on_error(const pg::BackendMessage& message) {
  sqlstate_ = message.fields.sqlstate().substr(0, 5);
  std::string text(message.fields.severity().substr(0, 16));
  text += " " + sqlstate_ + ": ";
  text += message.fields.message().substr(0, kServerTextBytesMax);
  return fail("the server says " + text);
}

LoginStep UpstreamLogin::keep_parameter(const pg::BackendMessage& message) {
  auto& known = result_.parameters;
  const auto found = std::find_if(known.begin(), known.end(), [&](const pg::Setting& setting) {
    return setting.name == message.text;
  });
  if (found != known.end()) {
    found->value = message.value;
  } else if (known.size() == kParametersMax) {
    return fail("the server reports more settings than a login can have");
  } else {
    known.push_back({std::string(message.text), std::string(message.value)});
  }
  return LoginStep::kGoOn;
}

LoginStep UpstreamLogin::keep_cancel_key(const pg::BackendMessage& message) {
  if (result_.minor < 2 && message.data.size() != pg::kCancelKeyBytesMin) {
    return fail("the server's cancel key is too long for the protocol version");
  }
  result_.pid = message.number;
  result_.cancel_secret = Secret(as_text(message.data));
  return LoginStep::kGoOn;
}

LoginResult UpstreamLogin::take_result() {
  CHECK(authenticated_ && !error_);
  return std::move(result_);
}

LoginStep UpstreamLogin::check_password() {
  if (!plan_.password.empty() && !has_zero(plan_.password.view())) return LoginStep::kGoOn;
  return fail(
      "the server asks for a password, and there is none for this role (or one with a "
      "zero byte)",
      "name a credential in the resource");
}

LoginStep UpstreamLogin::below_floor(std::string_view what) {
  return fail(
      "the server takes " + std::string(what) + ", which the resource's login does not allow",
      "raise the server's pg_hba.conf to scram-sha-256, or lower the resource's login floor");
}

LoginStep UpstreamLogin::fail(std::string reason, std::string next_step) {
  plan_.password.wipe();
  scram_.reset();
  error_ = Error{describe(reason, next_step)};
  return LoginStep::kFailed;
}

std::string UpstreamLogin::describe(std::string_view reason, std::string_view next_step) const {
  std::string text =
      "upstream login as role \"" + plan_.role + "\" to database \"" + plan_.database + "\": ";
  text += reason;
  if (!next_step.empty()) text.append("; ").append(next_step);
  return text;
}

}  // namespace chaperone
