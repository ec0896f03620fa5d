#include "proto-parsers/sql/secret_names.h"

#include <algorithm>
#include <array>
#include <span>

#include "proto-parsers/sql/characters.h"
#include "proto-parsers/sql/lexer.h"
#include "proto-parsers/sql/secret_scan.h"

namespace chaperone::sql {
namespace {

constexpr std::size_t kNameBytesMax = 128;
// More words than a name has; what stands behind them is not looked at.
constexpr std::size_t kPartsMax = 16;

using Words = std::span<const std::string_view>;

// Anywhere in a name, also where it is written in one word: dbpassword.
constexpr std::array<std::string_view, 16> kWithin = {
    "password",    "passwd",       "passphrase",   "passcode",     "credential", "apikey",
    "secretkey",   "privatekey",   "accesskey",    "signingkey",   "masterkey",  "authtoken",
    "accesstoken", "refreshtoken", "clientsecret", "encryptionkey"};
// A word of a name.
constexpr std::array<std::string_view, 16> kParts = {
    "secret", "secrets", "token", "tokens", "pwd",    "creds",         "otp",      "totp",
    "jwt",    "cvv",     "cvc",   "bearer", "pgpass", "authorization", "passwort", "pass"};
// Before "key": which keys are secret ones.
constexpr std::array<std::string_view, 14> kKeys = {
    "api",     "private", "secret", "access", "encryption", "signing", "master",
    "account", "auth",    "hmac",   "aes",    "ssh",        "service", "session"};
// A name that ends or begins with these speaks about a secret, and holds none.
constexpr std::array<std::string_view, 23> kAboutEnd = {
    "at",      "on",    "count",  "counts", "expires",    "expiry",   "expiration", "type",
    "kind",    "limit", "length", "used",   "usage",      "ttl",      "version",    "updated",
    "changed", "date",  "budget", "policy", "encryption", "required", "rate"};
constexpr std::array<std::string_view, 15> kAboutBegin = {
    "is",    "has",        "had",    "max",    "min",      "num",     "total", "prompt",
    "input", "completion", "output", "cached", "requires", "require", "n"};

// Functions that are given keys or passwords, and hashes: what is hashed is to be hidden.
// IDENTIFIED BY is what other databases say for PASSWORD.
constexpr std::array<std::string_view, 17> kFunctions = {
    "crypt",   "hmac",  "encrypt",      "decrypt",       "encrypt_iv", "decrypt_iv",
    "digest",  "md5",   "sha224",       "sha256",        "sha384",     "sha512",
    "dearmor", "login", "authenticate", "scram_sha_256", "identified"};

// Names of columns that say nothing themselves.
constexpr std::array<std::string_view, 11> kValues = {"value",   "val",       "data",   "content",
                                                      "text",    "key",       "hash",   "body",
                                                      "payload", "plaintext", "setting"};

bool among(Words words, std::string_view word) {
  return std::any_of(words.begin(), words.end(),
                     [&](auto known) { return same_word(word, known); });
}

bool is_letter(char c) { return (folded_byte(c) >= 'a' && folded_byte(c) <= 'z'); }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

// Cuts client_secret, clientSecret and client-secret alike.
class Parts {
 public:
  explicit Parts(std::string_view name) {
    for (std::size_t i = 0; i < name.size() && count_ < kPartsMax;) {
      if (!is_letter(name[i])) {
        ++i;
        continue;
      }
      std::size_t end = i + 1;
      while (end < name.size() && is_letter(name[end]) &&
             !(is_upper(name[end]) && !is_upper(name[end - 1])))
        ++end;
      parts_[count_++] = name.substr(i, end - i);
      i = end;
    }
  }
  Words all() const { return {parts_.data(), count_}; }

 private:
  std::array<std::string_view, kPartsMax> parts_;
  std::size_t count_ = 0;
};

bool holds_within(std::string_view part) {
  return std::any_of(kWithin.begin(), kWithin.end(), [&](auto known) {
    for (std::size_t i = 0; i + known.size() <= part.size(); ++i) {
      if (same_word(part.substr(i, known.size()), known)) return true;
    }
    return false;
  });
}

}  // namespace

bool names_secret(std::string_view name) {
  if (name.size() > kNameBytesMax || !may_name_secret(name)) return false;
  Parts cut(name);
  Words parts = cut.all();
  if (parts.empty()) return false;
  if (parts.size() > 1 && (among(kAboutEnd, parts.back()) || among(kAboutBegin, parts.front()))) {
    return false;
  }
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (among(kParts, parts[i]) || holds_within(parts[i])) return true;
    bool key = same_word(parts[i], "key") || same_word(parts[i], "keys");
    if (i > 0 && key && among(kKeys, parts[i - 1])) return true;
  }
  return false;
}

bool holds_secrets(std::string_view table, std::string_view column) {
  return names_secret(column) || (among(kValues, column) && names_secret(table));
}

bool is_value_name(std::string_view column) { return among(kValues, column); }

bool takes_secrets(std::string_view function) {
  return among(kFunctions, function) || function.starts_with("pgp_") || names_secret(function);
}

bool announces_secret(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    if (!starts_word(static_cast<unsigned char>(text[i]))) {
      ++i;
      continue;
    }
    std::size_t end = i + 1;
    while (end < text.size() &&
           (continues_word(static_cast<unsigned char>(text[end])) || text[end] == '-'))
      ++end;
    auto word = text.substr(i, end - i);
    if (takes_secrets(word)) return true;
    i = end;
  }
  return false;
}

}  // namespace chaperone::sql
