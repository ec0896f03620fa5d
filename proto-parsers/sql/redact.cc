#include "proto-parsers/sql/redact.h"

#include <algorithm>
#include <array>
#include <utility>

#include "proto-parsers/sql/characters.h"
#include "proto-parsers/sql/lexer.h"

namespace chaperone::sql {
namespace {

constexpr std::string_view kMask = "***";

// Words after which a string is a secret: PASSWORD 'x', password = 'x', OPTIONS (token 'x').
constexpr std::array<std::string_view, 14> kSecretWords = {
    "password", "passwd",        "passphrase",    "sslpassword",
    "secret",   "client_secret", "secret_key",    "secret_access_key",
    "token",    "access_token",  "refresh_token", "api_key",
    "apikey",   "private_key"};

// Functions that are given keys or passwords.
constexpr std::array<std::string_view, 13> kSecretFunctions = {"crypt",
                                                               "hmac",
                                                               "encrypt",
                                                               "decrypt",
                                                               "encrypt_iv",
                                                               "decrypt_iv",
                                                               "pgp_sym_encrypt",
                                                               "pgp_sym_decrypt",
                                                               "pgp_sym_encrypt_bytea",
                                                               "pgp_sym_decrypt_bytea",
                                                               "pgp_pub_decrypt",
                                                               "pgp_pub_decrypt_bytea",
                                                               "dearmor"};

// password, "password", "my.password": settings of one's own have dots in quotes.
bool is_secret_word(std::string_view word) {
  if (word.starts_with('"') && word.size() > 2) word = word.substr(1, word.size() - 2);
  word = word.substr(word.rfind('.') + 1);
  return std::any_of(kSecretWords.begin(), kSecretWords.end(),
                     [&](auto known) { return same_word(word, known); });
}

bool is_secret_function(std::string_view word) {
  return std::any_of(kSecretFunctions.begin(), kSecretFunctions.end(),
                     [&](auto known) { return same_word(word, known); });
}

bool starts_with_folded(std::string_view text, std::string_view lower) {
  return text.size() >= lower.size() && same_word(text.substr(0, lower.size()), lower);
}

// Statements whose words after PASSWORD and the like are its value; in all others, which name columns,
// functions and settings, any constant may be.
bool names_what_it_sets(std::string_view verb) {
  constexpr std::array<std::string_view, 8> kVerbs = {"alter", "create",  "set",   "comment",
                                                      "drop",  "reassign", "grant", "import"};
  return std::any_of(kVerbs.begin(), kVerbs.end(),
                     [&](auto known) { return same_word(verb, known); });
}

// A string that begins so is taken for code; others may speak of passwords as they like.
bool begins_code(std::string_view verb) {
  constexpr std::array<std::string_view, 9> kVerbs = {
      "select", "insert", "update", "delete", "merge", "with", "begin", "declare", "copy"};
  return std::any_of(kVerbs.begin(), kVerbs.end(),
                     [&](auto known) { return same_word(verb, known); });
}

// Tokens that say themselves what they are: how long what follows the mark must be.
struct KnownToken {
  std::string_view mark;
  std::size_t least;
};
constexpr std::array<KnownToken, 5> kKnownTokens = {
    {{"bearer ", 8}, {"akia", 16}, {"ghp_", 20}, {"github_pat_", 20}, {"glpat-", 16}}};

bool is_token_byte(char c) {
  return continues_word(static_cast<unsigned char>(c)) || c == '-' || c == '.' || c == '+' ||
         c == '/' || c == '=' || c == '~';
}

// The end of the known token that begins at `at`; `at` if none does.
std::size_t known_token_end(std::string_view value, std::size_t at) {
  for (const auto& known : kKnownTokens) {
    if (!starts_with_folded(value.substr(at), known.mark)) continue;
    std::size_t end = at + known.mark.size();
    while (end < value.size() && is_token_byte(value[end])) ++end;
    if (end - at - known.mark.size() >= known.least) return end;
  }
  return at;
}

// A string's own text with what looks like a secret in it taken out: password=x as connection
// strings write it, and the password of a URL. Empty if there is none.
std::string without_secrets(std::string_view value) {
  std::string made;
  std::size_t copied = 0;
  auto mask = [&](std::size_t begin, std::size_t end) {
    made.append(value.substr(copied, begin - copied)).append(kMask);
    copied = end;
  };
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (i < copied) continue;
    bool at_word = i == 0 || !continues_word(static_cast<unsigned char>(value[i - 1]));
    if (std::size_t end = at_word ? known_token_end(value, i) : i; end > i) {
      mask(i, end);
      continue;
    }
    for (auto word : kSecretWords) {
      if (!at_word || !starts_with_folded(value.substr(i), word)) continue;
      std::size_t at = i + word.size();
      while (at < value.size() && (value[at] == ' ' || value[at] == '"' || value[at] == '\'')) ++at;
      if (at >= value.size() || (value[at] != '=' && value[at] != ':')) continue;
      ++at;
      while (at < value.size() && value[at] == ' ') ++at;
      // A quoted value may hold blanks: then everything behind goes.
      bool quoted =
          at < value.size() && (value[at] == '\'' || value[at] == '"' || value[at] == '\\');
      std::size_t end = quoted ? std::string_view::npos : value.find_first_of(" &;,\n\t", at);
      if (end == std::string_view::npos) end = value.size();
      if (end > at) mask(at, end);
      break;
    }
    if (i >= copied && value.substr(i, 3) == "://") {
      std::size_t host = value.find_first_of("/ ?\n", i + 3);
      auto authority = value.substr(i + 3, host == std::string_view::npos ? host : host - i - 3);
      auto at = authority.rfind('@');
      auto colon = authority.find(':');
      if (at != std::string_view::npos && colon < at) mask(i + 3 + colon + 1, i + 3 + at);
    }
  }
  if (copied == 0 && made.empty()) return {};
  return made.append(value.substr(copied));
}

bool announces_secret(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (std::any_of(kSecretWords.begin(), kSecretWords.end(),
                    [&](auto word) { return starts_with_folded(text.substr(i), word); })) {
      return true;
    }
  }
  return false;
}

class Redaction {
 public:
  Redaction(std::string_view text, const Reading& reading, int depth)
      : text_(text), reading_(reading), lexer_(text, reading), depth_(depth) {}

  // Whether anything was taken out; result() is whole then.
  bool run() {
    look_ahead();
    std::size_t end = 0;
    for (Token token = lexer_.next(); token.kind != TokenKind::kEnd; token = lexer_.next()) {
      comments(end, token.begin);
      end = token.begin + token.text.size();
      take(token);
    }
    comments(end, text_.size());
    made_.append(text_.substr(copied_));
    return found_;
  }
  std::string& result() { return made_; }

 private:
  void replace(std::size_t begin, std::size_t end, std::string_view by) {
    made_.append(text_.substr(copied_, begin - copied_)).append(by);
    copied_ = end;
    found_ = true;
  }
  void replace(const Token& token, std::string_view by) {
    replace(token.begin, token.begin + token.text.size(), by);
  }

  // Whether the text names a secret without saying which constant is its value.
  void look_ahead() {
    Lexer lexer(text_, reading_);
    bool names = false, first = true, runs = false;
    for (Token token = lexer.next(); token.kind != TokenKind::kEnd; token = lexer.next()) {
      bool word = token.kind == TokenKind::kWord || token.kind == TokenKind::kQuotedName;
      if (word && std::exchange(first, false)) {
        sets_ = names_what_it_sets(token.text);
        runs = begins_code(token.text);
      }
      if (word) names = names || is_secret_word(token.text);
      if (token.kind == TokenKind::kString) {
        names = names || is_secret_word(string_value(token.text));
      }
      if (token.kind == TokenKind::kBroken) break;
    }
    everything_ = names && !sets_ && (depth_ == 0 || runs);
    found_ = everything_;
  }

  void comments(std::size_t begin, std::size_t end) {
    auto between = text_.substr(begin, end - begin);
    if (!may_hold_secret(between)) return;
    if (announces_secret(between) || !without_secrets(between).empty()) {
      replace(begin, end, " /* *** */ ");
    }
  }

  void take(const Token& token) {
    switch (token.kind) {
      case TokenKind::kString:
        if (everything_) replace(token, "'***'");
        else string(token);
        value_follows_ = false;
        break;
      case TokenKind::kNumber:
        if (everything_) replace(token, "0");
        after_secret_ = false;
        break;
      case TokenKind::kBroken:
        if (announces_secret(token.text) || after_secret_ || everything_) replace(token, kMask);
        break;
      case TokenKind::kWord:
      case TokenKind::kQuotedName:
        // PASSWORD TO 'x', password AS 'x' keep waiting for the value.
        if (is_secret_word(token.text)) {
          after_secret_ = true;
        } else if (!same_word(token.text, "to") && !same_word(token.text, "as")) {
          // SET my.password = unquoted; what cannot be parsed may hold it so as well.
          bool value = after_secret_ && sets_ && value_follows_;
          if (value && !same_word(token.text, "null")) replace(token, kMask);
          after_secret_ = false;
        }
        value_follows_ = after_secret_;
        secret_call_ = is_secret_function(token.text);
        break;
      case TokenKind::kOther:
        punctuation(token.text[0]);
        break;
      default:
        after_secret_ = false;
        break;
    }
  }

  void punctuation(char c) {
    if (c == '(') {
      if (secret_call_ && call_depth_ == 0)
        call_depth_ = 1;
      else if (call_depth_ > 0)
        ++call_depth_;
    } else if (c == ')' && call_depth_ > 0) {
      --call_depth_;
    }
    secret_call_ = false;
    if (c != '=' && c != '>' && c != ':') after_secret_ = false;
  }

  void string(const Token& token) {
    // after_secret_ stays: 'a' and 'b' on two lines are one string.
    if (after_secret_ || call_depth_ > 0) return replace(token, "'***'");
    auto open = token.text.find_first_of("'$");
    if (token.text[open] == '$' && depth_ < 4) {
      auto tag = token.text.find('$', 1) + 1;
      Redaction inner(token.text.substr(tag, token.text.size() - 2 * tag), reading_, depth_ + 1);
      if (inner.run()) {
        std::string delimiter(token.text.substr(0, tag));
        replace(token, delimiter + inner.result() + delimiter);
      } else if (value_holds_secret(inner.text_)) {
        replace(token, "'***'");
      }
      return;
    }
    // Code in plain quotes: the secret's own quotes are doubled there.
    auto inside = token.text.substr(open + 1, token.text.size() - open - 2);
    const std::string value = string_value(token.text);
    Redaction code(value, reading_, 4);
    std::string without = without_secrets(inside);
    if (!without.empty()) {
      replace(token, std::string(token.text.substr(0, open + 1)) + without + "'");
    } else if (depth_ < 4 && code.run()) {
      replace(token, "'***'");
    }
  }

  std::string_view text_;
  const Reading& reading_;
  Lexer lexer_;
  int depth_;
  std::string made_;
  std::size_t copied_ = 0;
  int call_depth_ = 0;
  bool found_ = false, after_secret_ = false, secret_call_ = false, value_follows_ = false;
  bool sets_ = false;        // names_what_it_sets()
  bool everything_ = false;  // every constant may be a secret
};

}  // namespace

namespace {

// Every word, function and token above holds one of these marks, and so does every URL.
constexpr std::array<std::string_view, 13> kMarks = {
    "pass",    "secret", "token",   "key",  "crypt", "hmac",      "dearmor",
    "://",     "bearer", "akia",    "ghp_", "github_pat", "glpat-"};

// For each of the first three bytes of a mark: which marks have this byte there, in either case. One
// bit a mark, so that three loads tell which mark may begin here: none, nearly always.
using MarkBits = std::array<std::array<std::uint16_t, 256>, 3>;
constexpr MarkBits kMarkBits = [] {
  MarkBits bits{};
  for (std::size_t mark = 0; mark < kMarks.size(); ++mark) {
    for (std::size_t place = 0; place < 3; ++place) {
      char c = kMarks[mark][place];
      auto bit = static_cast<std::uint16_t>(1u << mark);
      bits[place][static_cast<unsigned char>(c)] |= bit;
      bool letter = c >= 'a' && c <= 'z';
      if (letter) bits[place][static_cast<unsigned char>(c - 'a' + 'A')] |= bit;
    }
  }
  return bits;
}();

}  // namespace

bool may_hold_secret(std::string_view text) {
  auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  for (std::size_t i = 0; i + 2 < text.size(); ++i) {
    unsigned bits = kMarkBits[0][byte(i)] & kMarkBits[1][byte(i + 1)] & kMarkBits[2][byte(i + 2)];
    if (bits == 0) continue;
    for (std::size_t mark = 0; mark < kMarks.size(); ++mark) {
      if ((bits >> mark & 1) && starts_with_folded(text.substr(i), kMarks[mark])) return true;
    }
  }
  return false;
}

std::string redact(std::string_view text, const Reading& reading) {
  if (!may_hold_secret(text)) return std::string(text);
  Redaction redaction(text, reading, 0);
  redaction.run();
  return std::move(redaction.result());
}

bool value_holds_secret(std::string_view value) {
  return may_hold_secret(value) && !without_secrets(value).empty();
}

bool holds_secret(std::string_view text, const Reading& reading) {
  return may_hold_secret(text) && Redaction(text, reading, 0).run();
}

}  // namespace chaperone::sql
