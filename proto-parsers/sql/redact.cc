#include "proto-parsers/sql/redact.h"

#include <algorithm>

#include "proto-parsers/sql/characters.h"
#include "proto-parsers/sql/lexer.h"
#include "proto-parsers/sql/secret_names.h"
#include "proto-parsers/sql/secret_scan.h"
#include "proto-parsers/sql/secret_values.h"

namespace chaperone::sql {
namespace {

// Code in code in a string: beyond, a string that announces a secret goes as a whole.
constexpr int kCodeLevels = 4;

bool redact_code(std::string_view code, const Reading& reading, int level, std::string& out);
bool is_secret_code(std::string_view value, const Reading& reading);

// How much of a text goes.
enum class Extent : std::uint8_t { kPlaces, kLiterals, kUnreadable };

// One pass over a text's tokens.
class Redaction {
 public:
  Redaction(std::string_view text, const Reading& reading, Extent extent, int level)
      : text_(text), reading_(reading), lexer_(text, reading), extent_(extent), level_(level) {}

  // Whether anything was taken out; result() is whole then.
  bool run(const SecretPlaces* places) {
    std::uint32_t number = 0;
    auto next = places ? places->tokens.begin() : kNoTokens.begin();
    auto end = places ? places->tokens.end() : kNoTokens.end();
    for (Token token = lexer_.next(); token.kind != TokenKind::kEnd; token = lexer_.next()) {
      between(token.begin);
      bool counts = token.kind != TokenKind::kOther;
      bool placed = counts && next != end && *next == number;
      if (placed) ++next;
      number += counts;
      take(token, placed);
      seen_ = token.begin + token.text.size();
    }
    between(text_.size());
    if (found_) made_.append(text_.substr(copied_));
    return found_;
  }
  std::string& result() { return made_; }

 private:
  static inline const std::vector<std::uint32_t> kNoTokens;

  void replace(std::size_t begin, std::size_t end, std::string_view by) {
    made_.append(text_.substr(copied_, begin - copied_)).append(by);
    copied_ = end;
    found_ = true;
  }
  void replace(const Token& token, std::string_view by) {
    replace(token.begin, token.begin + token.text.size(), by);
  }

  // Blanks and comments.
  void between(std::size_t end) {
    auto gap = text_.substr(seen_, end - seen_);
    while (gap.size() > 2) {
      auto close = gap.find("*/");
      auto piece = gap.substr(0, close);
      std::size_t begin = static_cast<std::size_t>(piece.data() - text_.data());
      std::string without = begin < copied_ ? std::string() : without_secrets(piece);
      if (!without.empty()) replace(begin, begin + piece.size(), without);
      if (close == std::string_view::npos) return;
      gap.remove_prefix(close + 2);
    }
  }

  void take(const Token& token, bool placed) {
    bool literal = token.kind == TokenKind::kString || token.kind == TokenKind::kNumber;
    bool goes_on = after_string_ && token.kind == TokenKind::kString;  // 'a' and 'b' on two lines
    after_string_ = false;
    if (swallowing_) return swallow(token);
    if (placed || goes_on || (literal && extent_ != Extent::kPlaces)) {
      after_string_ = token.kind == TokenKind::kString;
      return replace(token, after_string_ ? "'***'" : kSecretMask);
    }
    if (token.kind == TokenKind::kString) return string(token);
    if (token.kind == TokenKind::kBroken) return broken(token);
    if (token.kind != TokenKind::kWord && token.kind != TokenKind::kQuotedName) return;
    auto without = without_secrets(token.text);
    if (!without.empty()) replace(token, without);
    swallowing_ = extent_ == Extent::kUnreadable && takes_secrets(token.text);
  }

  // What stands behind a secret's name in a text that cannot be read.
  void swallow(const Token& token) {
    swallowing_ = token.text != ";";
    if (!swallowing_) return;
    bool first = copied_ != seen_ || !made_.ends_with(kSecretMask);
    if (first) return replace(token, kSecretMask);
    copied_ = token.begin + token.text.size();
  }

  void broken(const Token& token) {
    if (extent_ != Extent::kPlaces || announces_secret(token.text)) {
      return replace(token, kSecretMask);
    }
    auto without = without_secrets(token.text);
    if (!without.empty()) replace(token, without);
  }

  void string(const Token& token) {
    bool escaped = token.text.find('\\') != std::string_view::npos;
    if (escaped && !without_secrets(unescaped_value(token.text)).empty()) {
      return replace(token, "'***'");
    }
    if (!may_hold_secret(token.text)) return;
    auto open = token.text.find_first_of("'$");
    if (token.text[open] == '$') return dollars(token);
    auto inside = token.text.substr(open + 1, token.text.size() - open - 2);
    std::string without = without_secrets(inside);
    // Code in plain quotes: the secret's own quotes are doubled there.
    if (level_ < kCodeLevels && is_secret_code(string_value(token.text), reading_)) {
      replace(token, "'***'");
    } else if (!without.empty()) {
      replace(token, std::string(token.text.substr(0, open + 1)) + without + "'");
    }
  }

  void dollars(const Token& token) {
    auto tag = token.text.find('$', 1) + 1;
    auto inside = token.text.substr(tag, token.text.size() - 2 * tag);
    std::string delimiter(token.text.substr(0, tag)), code;
    if (level_ >= kCodeLevels) {
      if (announces_secret(inside)) replace(token, "'***'");
      return;
    }
    // It may be a value as well: a connection string.
    bool found = redact_code(inside, reading_, level_ + 1, code);
    std::string without = without_secrets(code);
    if (!without.empty()) code = without;
    if (found || !without.empty()) replace(token, delimiter + code + delimiter);
  }

  std::string_view text_;
  const Reading& reading_;
  Lexer lexer_;
  Extent extent_;
  int level_;
  std::string made_;
  std::size_t copied_ = 0, seen_ = 0;
  bool found_ = false, after_string_ = false, swallowing_ = false;
};

// Whether a value of one statement may be used by another: there are variables.
bool moves_values(std::string_view code, const Reading& reading) {
  constexpr std::string_view kMoves[] = {":=", "declare", "into", "for"};
  Lexer lexer(code, reading);
  for (Token token = lexer.next(); token.kind != TokenKind::kEnd; token = lexer.next()) {
    for (std::string_view word : kMoves) {
      if (same_word(token.text, word)) return true;
    }
  }
  return false;
}

// Code of any language that has SQL's tokens, statement by statement.
bool redact_code(std::string_view code, const Reading& reading, int level, std::string& out) {
  bool found = false, all = moves_values(code, reading) && announces_secret(code);
  auto statement = [&](std::string_view part) {
    Extent extent = all || announces_secret(part) ? Extent::kLiterals : Extent::kPlaces;
    Redaction redaction(part, reading, extent, level);
    bool here = redaction.run(nullptr);
    out.append(here ? redaction.result() : part);
    found |= here;
  };
  Lexer lexer(code, reading);
  std::size_t begin = 0;
  for (Token token = lexer.next(); token.kind != TokenKind::kEnd; token = lexer.next()) {
    if (token.text != ";") continue;
    statement(code.substr(begin, token.begin - begin));
    begin = token.begin;
  }
  statement(code.substr(begin));
  return found;
}

// Whether a plain string's value is code with a secret among its own literals.
bool is_secret_code(std::string_view value, const Reading& reading) {
  if (value.find_first_of("'$") == std::string_view::npos || !announces_secret(value)) return false;
  Lexer lexer(value, reading);
  for (Token token = lexer.next(); token.kind != TokenKind::kEnd; token = lexer.next()) {
    if (token.kind == TokenKind::kString || token.kind == TokenKind::kBroken) return true;
  }
  return false;
}

}  // namespace

std::optional<std::string> redact(std::string_view text, const Reading& reading,
                                  const SecretPlaces& places) {
  // Escapes may hide what shows a secret.
  bool plain = text.find('\\') == std::string_view::npos;
  if (!places.in_text() && plain && !may_hold_secret(text)) return std::nullopt;
  Extent extent = places.all_literals ? Extent::kLiterals : Extent::kPlaces;
  if (places.unreadable && announces_secret(text)) extent = Extent::kUnreadable;
  Redaction redaction(text, reading, extent, 0);
  bool found = redaction.run(&places);
  if (places.unreadable) {
    // Its tokens may not be what they look like: once more as plain text.
    std::string without = without_secrets(found ? redaction.result() : text);
    if (!without.empty()) return without;
  }
  if (!found) return std::nullopt;
  return std::move(redaction.result());
}

bool value_names_secret(Bytes value) {
  std::string_view text = as_text(value);
  auto in_name = [](char c) {
    return continues_word(static_cast<unsigned char>(c)) || c == '-' || c == '.' || c == '/';
  };
  return std::all_of(text.begin(), text.end(), in_name) && names_secret(text);
}

bool is_secret(std::size_t number, Bytes value, bool named, const Reading& reading,
               const SecretPlaces& places) {
  if (value.empty()) return false;
  if (places.has_parameter(number, named)) return true;
  std::string_view text = as_text(value);
  if (!may_hold_secret(text)) return false;
  return !without_secrets(text).empty() || is_secret_code(text, reading);
}

std::optional<Meaning> redact(const Meaning& meaning) {
  std::optional<Meaning> changed;
  for (std::size_t i = 0; i < meaning.statements.size(); ++i) {
    const auto& objects = meaning.statements[i].objects;
    for (std::size_t j = 0; j < objects.size(); ++j) {
      std::string without = without_secrets(objects[j].name);
      if (without.empty()) continue;
      if (!changed) changed = meaning;
      changed->statements[i].objects[j].name = std::move(without);
    }
  }
  return changed;
}

}  // namespace chaperone::sql
