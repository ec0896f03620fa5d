#include "sidecar/session/scram.h"

#include <openssl/evp.h>

#include <charconv>
#include <utility>

#include "proto-parsers/base/check.h"
#include "sidecar/session/scram_crypto.h"

namespace chaperone {

namespace {

constexpr std::size_t kNonceBytes = 18;

// Takes "x=value" up to the next comma off the front of `rest`.
bool take_attribute(std::string_view& rest, char name, std::string_view& value) {
  if (rest.size() < 2 || rest[0] != name || rest[1] != '=') return false;
  const std::size_t comma = rest.find(',');
  value = rest.substr(2, comma == std::string_view::npos ? comma : comma - 2);
  rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
  return true;
}

struct ServerFirst {
  std::string_view nonce;
  std::string salt;
  std::uint32_t iterations = 0;
};

// RFC 5802 section 7: nonce, salt, iterations, then extensions that we may ignore. A mandatory one
// ("m=") stands first, and so fails at the nonce.
Result<ServerFirst> read_server_first(std::string_view message) {
  const Error malformed{"the server's SCRAM challenge is malformed"};
  if (message.size() > kScramMessageBytesMax) return malformed;
  ServerFirst first;
  std::string_view salt, iterations;
  if (!take_attribute(message, 'r', first.nonce) || !take_attribute(message, 's', salt) ||
      !take_attribute(message, 'i', iterations)) {
    return malformed;
  }
  auto decoded = from_base64(salt);
  if (!decoded || decoded->empty() || decoded->size() > kScramSaltBytesMax) return malformed;
  first.salt = std::move(*decoded);
  const char* end = iterations.data() + iterations.size();
  const auto [stop, error] = std::from_chars(iterations.data(), end, first.iterations);
  if (error != std::errc{} || stop != end) return malformed;
  if (first.iterations < kScramIterationsMin) {
    return Error{"the server's SCRAM iteration count is below " +
                 std::to_string(kScramIterationsMin) +
                 "; raise scram_iterations there and set the password again"};
  }
  if (first.iterations > kScramIterationsMax) {
    return Error{"the server's SCRAM iteration count is above " +
                 std::to_string(kScramIterationsMax) +
                 "; lower scram_iterations there and set the password again"};
  }
  return first;
}

}  // namespace

Scram::Scram(Secret password, Options options, ScramCache* cache)
    : password_(std::move(password)), options_(std::move(options)), cache_(cache) {
  if (options_.nonce.empty()) {
    std::array<std::uint8_t, kNonceBytes> raw;
    random_bytes(raw);
    options_.nonce = base64(raw);
  }
}

std::string Scram::gs2_header() const {
  switch (options_.binding) {
    case ScramBinding::kNone:
      return "n,,";
    case ScramBinding::kNotOffered:
      return "y,,";
    case ScramBinding::kEndPoint:
      return "p=tls-server-end-point,,";
  }
  return {};
}

std::string Scram::first_message() {
  first_bare_ = "n=" + options_.user + ",r=" + options_.nonce;
  return gs2_header() + first_bare_;
}

Result<std::string> Scram::final_message(std::string_view server_first) {
  CHECK(!first_bare_.empty());
  auto first = read_server_first(server_first);
  if (!first) return first.error();
  if (!first->nonce.starts_with(options_.nonce) || first->nonce.size() == options_.nonce.size()) {
    return Error{"the server's SCRAM challenge does not continue our nonce"};
  }
  std::string channel = gs2_header();
  if (options_.binding == ScramBinding::kEndPoint) channel += options_.end_point_hash;
  std::string final_message = "c=" + base64(as_bytes(channel)) + ",r=" + std::string(first->nonce);
  const std::string signed_text =
      first_bare_ + "," + std::string(server_first) + "," + final_message;

  const ScramKeys keys = keys_for(first->salt, first->iterations);
  password_.wipe();
  const Sha256 stored_key = sha256(keys.client_key);
  Sha256 proof = hmac_sha256(stored_key, signed_text);
  for (std::size_t i = 0; i < proof.size(); ++i) proof[i] ^= keys.client_key[i];
  server_signature_ = as_text(hmac_sha256(keys.server_key, signed_text));
  return final_message + ",p=" + base64(proof);
}

ScramKeys Scram::keys_for(std::string_view salt, std::uint32_t iterations) {
  if (cache_) return cache_->keys(password_.view(), salt, iterations);
  return derive_scram_keys(password_.view(), salt, iterations);
}

Result<void> Scram::verify(std::string_view server_final) {
  CHECK(!server_signature_.empty());
  std::string_view value;
  if (take_attribute(server_final, 'e', value)) {
    return Error{"the server refused the SCRAM proof"};
  }
  const bool found = take_attribute(server_final, 'v', value);
  const auto signature = found ? from_base64(value) : std::nullopt;
  if (!signature || !equal_secret(as_bytes(*signature), as_bytes(server_signature_))) {
    return Error{"the server could not prove that it knows the password's verifier"};
  }
  verified_ = true;
  return {};
}

ScramKeys derive_scram_keys(std::string_view password, std::string_view salt,
                            std::uint32_t iterations) {
  Sha256 salted;
  const Bytes salt_bytes = as_bytes(salt);
  CHECK(PKCS5_PBKDF2_HMAC(password.data(), password.size(), salt_bytes.data(), salt_bytes.size(),
                          iterations, EVP_sha256(), salted.size(), salted.data()));
  ScramKeys keys;
  keys.client_key = hmac_sha256(salted, "Client Key");
  keys.server_key = hmac_sha256(salted, "Server Key");
  wipe_bytes(salted.data(), salted.size());
  return keys;
}

}  // namespace chaperone
