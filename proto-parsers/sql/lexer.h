#pragma once
// PostgreSQL's tokens, as far as needed to find strings, comments and words in a text that need not
// parse. scan.l is the source; what it treats as an error ends the text here (kBroken).

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "proto-parsers/sql/analyse.h"

namespace chaperone::sql {

enum class TokenKind : std::uint8_t {
  kEnd,
  kWord,
  kQuotedName,
  kString,
  kNumber,
  kParameter,
  kOther,
  kBroken,  // an unterminated string, name or comment: nothing can be said of the rest
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::string_view text;  // with quotes and prefix, as it stands
  std::size_t begin = 0;  // offset in the text
};

class Lexer {
 public:
  Lexer(std::string_view text, const Reading& reading)
      : text_(text), escapes_(!reading.standard_conforming_strings) {}
  Token next();

 private:
  bool skip_blanks();
  Token take(TokenKind kind, std::size_t end);
  Token broken();
  std::size_t quoted_end(std::size_t open, char quote, bool escapes) const;
  Token string_token(std::size_t open, bool escapes);
  Token dollar_token();
  Token word_token();

  std::string_view text_;
  std::size_t at_ = 0;
  bool escapes_;
};

// Lower case by ASCII, as PostgreSQL folds words in UTF-8.
std::string folded(std::string_view word);
bool same_word(std::string_view word, std::string_view lower);
// A string token's value: quotes taken off, doubled quotes halved; escapes are left as they are.
std::string string_value(std::string_view token);
// ... with the escapes of E'' and U&'' undone, as far as they are ASCII.
std::string unescaped_value(std::string_view token);

}  // namespace chaperone::sql
