#pragma once
// Who may write and who may read. The token file holds hashes only; one line per token:
//
//   # name   rights          SHA-256 of the token (hex)        claims of a writer, key=value
//   agent-7  write           9f86d081884c7d659a2feaa0c55ad0... pod=agent-7 namespace=shop
//   auditor  read,export     60303ae22b998861bce3b28f33eec1...
//
// Rights: write (enrol, send records), read (sessions, records, alarms, tail), export, metrics.
// Claims are what the holder is vouched to be; they go into the writer's enrolment, and a record
// that says otherwise is refused.

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/crypto.h"
#include "proto-parsers/base/result.h"

namespace chaperone::collector {

enum class Right : std::uint8_t { kNone = 0, kWrite = 1, kRead = 2, kExport = 4, kMetrics = 8 };
std::string_view name_of(Right right);

struct Token {
  std::string name;
  std::uint8_t rights = 0;  // bits of Right
  audit::Hash hash{};
  std::map<std::string, std::string> claims;

  bool may(Right right) const { return (rights & static_cast<std::uint8_t>(right)) != 0; }
};

// Immutable once parsed. Errors name the line, never a token's hash.
class TokenTable {
 public:
  static Result<TokenTable> parse(std::string_view text);
  // Compares with every entry in constant time; the pointer lives as long as the table.
  const Token* find(std::string_view token) const;
  std::size_t size() const { return tokens_.size(); }

 private:
  std::vector<Token> tokens_;
};

// The file, read again when it changes; a file with an error leaves the last good table in force.
// A change counts when a second look finds it still the same, and an empty file never: somebody is
// about to write it.
class TokenFile {
 public:
  static Result<std::unique_ptr<TokenFile>> open(const std::string& path);
  std::shared_ptr<const TokenTable> table() const;
  // One look. An error says why the new content is not in force.
  Result<void> refresh();

 private:
  TokenFile() = default;
  std::string path_;
  mutable std::mutex mutex_;
  std::shared_ptr<const TokenTable> table_;
  std::string content_, looked_at_;
};

// A new random token (43 characters of base64url behind "chp_") and its line for the file.
struct MintedToken {
  std::string token, line;
};
Result<MintedToken> mint_token(const std::string& name, const std::string& rights,
                               const std::vector<std::string>& claims);

}  // namespace chaperone::collector
