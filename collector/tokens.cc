#include "collector/tokens.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "audit/text.h"
#include "collector/files.h"
#include "collector/limits.h"

namespace chaperone::collector {

namespace {
constexpr std::array<std::pair<std::string_view, Right>, 4> kRights = {{
    {"write", Right::kWrite},
    {"read", Right::kRead},
    {"export", Right::kExport},
    {"metrics", Right::kMetrics},
}};

std::string_view take_word(std::string_view& line) {
  constexpr std::string_view kBlank = " \t\r";
  line.remove_prefix(std::min(line.find_first_not_of(kBlank), line.size()));
  std::string_view word = line.substr(0, line.find_first_of(kBlank));
  line.remove_prefix(word.size());
  return word;
}

bool plain_name(std::string_view name) {
  auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  return !name.empty() && name.size() <= 128 && std::all_of(name.begin(), name.end(), plain);
}

Result<std::uint8_t> parse_rights(std::string_view words) {
  std::uint8_t rights = 0;
  while (!words.empty()) {
    std::string_view word = words.substr(0, words.find(','));
    words.remove_prefix(std::min(word.size() + 1, words.size()));
    auto found = std::find_if(kRights.begin(), kRights.end(),
                              [&](const auto& right) { return right.first == word; });
    if (found == kRights.end()) {
      return Error{"no right \"" + std::string(word) + "\"; known: write, read, export, metrics"};
    }
    rights |= static_cast<std::uint8_t>(found->second);
  }
  if (rights == 0) return Error{"no rights; name at least one of write, read, export, metrics"};
  return rights;
}

Result<void> parse_claim(std::string_view word, Token& token) {
  auto equals = word.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    return Error{"a claim is key=value, not \"" + std::string(word) + "\""};
  }
  token.claims[std::string(word.substr(0, equals))] = std::string(word.substr(equals + 1));
  return {};
}

Result<Token> parse_line(std::string_view line) {
  Token token;
  token.name = std::string(take_word(line));
  if (!plain_name(token.name)) return Error{"a name is letters, digits, '-', '_' and '.'"};
  auto rights = parse_rights(take_word(line));
  if (!rights) return rights.error();
  token.rights = *rights;
  if (!audit::from_hex(take_word(line), token.hash)) {
    return Error{
        "the third word must be a SHA-256 in lower-case hexadecimal; make a line with "
        "'chaperone-collector token'"};
  }
  for (auto word = take_word(line); !word.empty(); word = take_word(line)) {
    if (auto claim = parse_claim(word, token); !claim) return claim.error();
  }
  return token;
}
}  // namespace

std::string_view name_of(Right right) {
  for (const auto& [name, value] : kRights) {
    if (value == right) return name;
  }
  return "none";
}

Result<TokenTable> TokenTable::parse(std::string_view text) {
  TokenTable table;
  std::set<std::string> names;
  for (std::size_t number = 1; !text.empty(); ++number) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    std::string_view rest = line;
    std::string_view first = take_word(rest);
    if (first.empty() || first.front() == '#') continue;
    auto token = parse_line(line);
    std::string at = "token file, line " + std::to_string(number) + ": ";
    if (!token) return Error{at + token.error().message};
    if (!names.insert(token->name).second) return Error{at + "the name is taken: " + token->name};
    if (table.tokens_.size() == kTokensMax) return Error{at + "too many tokens"};
    table.tokens_.push_back(std::move(*token));
  }
  return table;
}

const Token* TokenTable::find(std::string_view token) const {
  audit::Hash hash = audit::sha256(as_bytes(token));
  const Token* found = nullptr;
  for (const Token& candidate : tokens_) {
    if (audit::equal_constant_time(candidate.hash, hash)) found = &candidate;
  }
  return found;
}

Result<std::unique_ptr<TokenFile>> TokenFile::open(const std::string& path) {
  std::unique_ptr<TokenFile> file(new TokenFile);
  file->path_ = path;
  auto first = file->refresh();
  if (!first) return first.error();
  return file;
}

std::shared_ptr<const TokenTable> TokenFile::table() const {
  std::lock_guard lock(mutex_);
  return table_;
}

Result<void> TokenFile::refresh() {
  auto content = read_file(path_, kTokenFileBytesMax);
  if (!content) return content.error();
  std::lock_guard lock(mutex_);
  bool settled = std::exchange(looked_at_, *content) == *content;
  if (table_ && *content == content_) return {};
  if (table_ && content->empty()) {
    return Error{path_ +
                 " is empty; the tokens of before stay in force (a line \"# none\" ends all)"};
  }
  if (table_ && !settled) return {};
  auto table = TokenTable::parse(*content);
  if (!table) return Error{path_ + ": " + table.error().message};
  content_ = std::move(*content);
  table_ = std::make_shared<const TokenTable>(std::move(*table));
  return {};
}

Result<MintedToken> mint_token(const std::string& name, const std::string& rights,
                               const std::vector<std::string>& claims) {
  std::array<std::uint8_t, 32> secret;
  audit::random_bytes(secret.data(), secret.size());
  std::string text = "chp_" + audit::base64(secret);
  while (text.back() == '=') text.pop_back();
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  std::string line = name + " " + rights + " " + audit::hex(audit::sha256(as_bytes(text)));
  for (const std::string& claim : claims) line += " " + claim;
  if (auto table = TokenTable::parse(line); !table) return table.error();
  return MintedToken{text, line};
}

}  // namespace chaperone::collector
