#pragma once
// Secrets that show by their own form, wherever they stand.

#include <string>
#include <string_view>

namespace chaperone::sql {

inline constexpr std::string_view kSecretMask = "***";

// The value with what looks like a secret in it replaced by ***: what follows a secret's name and =
// or : (connection strings, JSON, headers, options of commands), the password of a URL, -u
// user:password, Bearer tokens, and keys of known forms (AWS, GitHub, GitLab, Slack, OpenAI and its
// kin, Google, npm, JSON Web Tokens, PEM private keys). Empty if there is none. `value` is
// taken as it stands: the quotes of the literal around it are doubled.
std::string without_secrets(std::string_view value);

// PostgreSQL's words about `text`, which they quote: not where that may be the secret.
std::string without_quote(const std::string& error, std::string_view text);

}  // namespace chaperone::sql
