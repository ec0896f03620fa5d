#include "proto-parsers/sql/lexer.h"

#include "proto-parsers/sql/characters.h"

namespace chaperone::sql {

Token Lexer::take(TokenKind kind, std::size_t end) {
  Token token{kind, text_.substr(at_, end - at_), at_};
  at_ = end;
  return token;
}

Token Lexer::broken() {
  Token token{TokenKind::kBroken, text_.substr(at_), at_};
  at_ = text_.size();
  return token;
}

// Blanks and comments; false if a comment does not end.
bool Lexer::skip_blanks() {
  while (at_ < text_.size()) {
    if (is_blank(static_cast<unsigned char>(text_[at_]))) {
      ++at_;
    } else if (text_.substr(at_, 2) == "--") {
      auto end = text_.find_first_of("\r\n", at_);
      at_ = end == std::string_view::npos ? text_.size() : end;
    } else if (text_.substr(at_, 2) == "/*") {
      std::size_t position = at_ + 2;
      int depth = 1;
      for (; depth > 0 && position < text_.size(); ++position) {
        auto two = text_.substr(position, 2);
        if (two == "/*")
          ++depth, ++position;
        else if (two == "*/")
          --depth, ++position;
      }
      if (depth > 0) return false;
      at_ = position;
    } else {
      break;
    }
  }
  return true;
}

// The offset behind the closing quote, or npos.
std::size_t Lexer::quoted_end(std::size_t open, char quote, bool escapes) const {
  for (std::size_t i = open + 1; i < text_.size(); ++i) {
    if (escapes && text_[i] == '\\') {
      ++i;
    } else if (text_[i] == quote) {
      if (i + 1 < text_.size() && text_[i + 1] == quote)
        ++i;
      else
        return i + 1;
    }
  }
  return std::string_view::npos;
}

Token Lexer::string_token(std::size_t open, bool escapes) {
  auto end = quoted_end(open, '\'', escapes);
  return end == std::string_view::npos ? broken() : take(TokenKind::kString, end);
}

Token Lexer::dollar_token() {
  std::size_t tag_end = at_ + 1;
  if (tag_end < text_.size() && is_digit(static_cast<unsigned char>(text_[tag_end]))) {
    while (tag_end < text_.size() && is_digit(static_cast<unsigned char>(text_[tag_end])))
      ++tag_end;
    return take(TokenKind::kParameter, tag_end);
  }
  while (tag_end < text_.size() && continues_tag(static_cast<unsigned char>(text_[tag_end])))
    ++tag_end;
  if (tag_end >= text_.size() || text_[tag_end] != '$') return take(TokenKind::kOther, at_ + 1);
  auto tag = text_.substr(at_, tag_end + 1 - at_);
  auto end = text_.find(tag, tag_end + 1);
  return end == std::string_view::npos ? broken() : take(TokenKind::kString, end + tag.size());
}

Token Lexer::word_token() {
  std::size_t end = at_;
  while (end < text_.size() && continues_word(static_cast<unsigned char>(text_[end]))) ++end;
  auto word = text_.substr(at_, end - at_);
  char after = end < text_.size() ? text_[end] : ' ';
  if (after == '\'' && word.size() == 1) {
    char prefix = folded_byte(word[0]);
    if (prefix == 'e') return string_token(end, true);
    if (prefix == 'b' || prefix == 'x' || prefix == 'n')
      return string_token(end, prefix == 'n' && escapes_);
  }
  if (after == '&' && word.size() == 1 && folded_byte(word[0]) == 'u' && end + 1 < text_.size()) {
    if (text_[end + 1] == '\'') return string_token(end + 1, false);
    if (text_[end + 1] == '"') {
      auto close = quoted_end(end + 1, '"', false);
      return close == std::string_view::npos ? broken() : take(TokenKind::kQuotedName, close);
    }
  }
  return take(TokenKind::kWord, end);
}

Token Lexer::next() {
  if (!skip_blanks()) return broken();
  if (at_ >= text_.size()) return {TokenKind::kEnd, {}, text_.size()};
  auto c = static_cast<unsigned char>(text_[at_]);
  if (starts_word(c)) return word_token();
  if (c == '\'') return string_token(at_, escapes_);
  if (c == '"') {
    auto end = quoted_end(at_, '"', false);
    return end == std::string_view::npos ? broken() : take(TokenKind::kQuotedName, end);
  }
  if (c == '$') return dollar_token();
  if (is_digit(c)) {
    std::size_t end = at_;
    while (end < text_.size() &&
           (is_digit(static_cast<unsigned char>(text_[end])) || text_[end] == '.'))
      ++end;
    return take(TokenKind::kNumber, end);
  }
  return take(TokenKind::kOther, at_ + (text_.substr(at_, 2) == ":=" ? 2 : 1));
}

std::string folded(std::string_view word) {
  std::string lower(word);
  for (char& c : lower) c = folded_byte(c);
  return lower;
}

bool same_word(std::string_view word, std::string_view lower) {
  if (word.size() != lower.size()) return false;
  for (std::size_t i = 0; i < word.size(); ++i) {
    if (folded_byte(word[i]) != lower[i]) return false;
  }
  return true;
}

std::string string_value(std::string_view token) {
  std::size_t open = token.find_first_of("'$");
  if (open == std::string_view::npos) return std::string(token);
  if (token[open] == '$') {
    auto tag = token.find('$', 1) + 1;
    return std::string(token.substr(tag, token.size() - 2 * tag));
  }
  std::string value;
  for (std::size_t i = open + 1; i + 1 < token.size(); ++i) {
    value += token[i];
    if (token[i] == '\'') ++i;
  }
  return value;
}

namespace {

// The character that `digits` of a base stand for at `at`, if it is ASCII; moves `at` behind them.
char coded(std::string_view text, std::size_t& at, std::size_t digits, unsigned base) {
  unsigned code = 0;
  for (std::size_t end = at + digits; at < end && at < text.size(); ++at) {
    auto digit = static_cast<unsigned>(folded_byte(text[at]));
    unsigned value = digit <= '9' ? digit - '0' : digit - 'a' + 10;
    if (value >= base) break;
    code = code * base + value;
  }
  return code < 0x80 ? static_cast<char>(code) : '?';
}

}  // namespace

std::string unescaped_value(std::string_view token) {
  std::string value, plain = string_value(token);
  bool unicode = token.size() > 1 && token[1] == '&';
  for (std::size_t at = 0; at < plain.size();) {
    char c = plain[at++];
    if (c != '\\' || at >= plain.size()) {
      value += c;
      continue;
    }
    char kind = plain[at];
    if (unicode && kind != '\\' && kind != '+') {
      value += coded(plain, at, 4, 16);
    } else if (is_digit(static_cast<unsigned char>(kind))) {
      value += coded(plain, at, 3, 8);
    } else {
      ++at;
      std::size_t digits = kind == 'x'   ? 2
                           : kind == 'u' ? 4
                           : kind == 'U' ? 8
                           : kind == '+' ? 6
                                         : 0;
      if (digits > 0)
        value += coded(plain, at, digits, 16);
      else
        value += kind == 'n' ? '\n' : kind == 't' ? '\t' : kind == 'r' ? '\r' : kind;
    }
  }
  return value;
}

}  // namespace chaperone::sql
