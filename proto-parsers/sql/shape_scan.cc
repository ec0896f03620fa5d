#include "proto-parsers/sql/shape_scan.h"

#include <array>
#include <cstring>

#include "proto-parsers/sql/builtins.h"
#include "proto-parsers/sql/characters.h"
#include "proto-parsers/sql/secret_scan.h"

namespace chaperone::sql {
namespace {

// What stands for a constant or comment in the hash. No text holds a zero byte, so that none can
// pretend to be one of these.
constexpr std::string_view kStringMark("\0S", 2), kIntegerMark("\0I", 2), kDecimalMark("\0D", 2),
    kCommentMark("\0C", 2);

enum Class : std::uint8_t {
  kPlain,
  kWord,
  kDigit,
  kQuote,
  kName,
  kDollar,
  kDash,
  kSlash,
  kDot,
  kSemicolon,
  kZero
};

constexpr std::array<Class, 256> made_classes() {
  std::array<Class, 256> classes{};
  for (int c = 0; c < 256; ++c) {
    auto byte = static_cast<unsigned char>(c);
    classes[byte] = starts_word(byte) ? kWord : is_digit(byte) ? kDigit : kPlain;
  }
  classes['\''] = kQuote;
  classes['"'] = kName;
  classes['$'] = kDollar;
  classes['-'] = kDash;
  classes['/'] = kSlash;
  classes['.'] = kDot;
  classes[';'] = kSemicolon;
  classes[0] = kZero;
  return classes;
}
constexpr auto kClasses = made_classes();

constexpr std::array<bool, 256> made_continues() {
  std::array<bool, 256> continues{};
  for (int c = 0; c < 256; ++c)
    continues[static_cast<unsigned char>(c)] = continues_word(static_cast<unsigned char>(c));
  return continues;
}
constexpr auto kContinues = made_continues();

// By length, a bit per first letter of a word whose arguments analyse() reads.
const std::array<std::uint32_t, 64> kLetters = [] {
  std::array<std::uint32_t, 64> letters{};
  for (auto known : words_that_read_constants())
    letters[known.size() & 63] |= 1u << ((known[0] - 'a') & 31);
  return letters;
}();

bool may_read_constants(std::string_view word) {
  char first = folded_byte(word[0]);
  if (word.size() > 63 || first < 'a' || first > 'z') return false;
  if (!(kLetters[word.size()] >> (first - 'a') & 1)) return false;
  std::array<char, 64> lower{};
  for (std::size_t i = 0; i < word.size(); ++i) lower[i] = folded_byte(word[i]);
  return reads_constants({lower.data(), word.size()});
}

bool word_is(std::string_view word, std::string_view lower) {
  if (word.size() != lower.size()) return false;
  for (std::size_t i = 0; i < word.size(); ++i) {
    if ((word[i] | 0x20) != lower[i]) return false;
  }
  return true;
}

// Statements whose constants are values and nothing more; anywhere else they may be names.
bool starts_query(std::string_view word) {
  switch (word.size()) {
    case 4:
      return word_is(word, "with");
    case 5:
      return word_is(word, "merge") || word_is(word, "table");
    case 6:
      return word_is(word, "select") || word_is(word, "insert") || word_is(word, "update") ||
             word_is(word, "delete") || word_is(word, "values");
    default:
      return false;
  }
}

bool fits_int32(std::string_view digits) {
  std::uint64_t value = 0;
  for (char c : digits) {
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
    if (value > 0x7fffffff) return false;
  }
  return true;
}

class Scan {
 public:
  Scan(std::string_view text, const Reading& reading, SipHash& hash)
      : text_(text), hash_(hash), escapes_(!reading.standard_conforming_strings) {}

  ShapeScan run() {
    while (at_ < text_.size() && state_ == ShapeScan::kMasked) step();
    if (state_ != ShapeScan::kMasked)
      return text_.find('\0') == std::string_view::npos ? state_ : ShapeScan::kRefused;
    emit(text_.substr(copied_));
    hash_.update({buffer_.data(), used_});
    return begun_ ? state_ : ShapeScan::kWhole;
  }

 private:
  unsigned char at(std::size_t i) const {
    return i < text_.size() ? static_cast<unsigned char>(text_[i]) : 0;
  }
  void stop(ShapeScan state) { state_ = state; }

  // The pieces are gathered so that the hash works on whole words.
  void emit(std::string_view piece) {
    if (used_ + piece.size() > buffer_.size()) {
      hash_.update({buffer_.data(), used_});
      used_ = 0;
      if (piece.size() > buffer_.size()) return hash_.update(piece);
    }
    std::memcpy(buffer_.data() + used_, piece.data(), piece.size());
    used_ += piece.size();
  }

  // text_[at_, end) is left out of the hash and `mark` stands for it.
  void mask(std::size_t end, std::string_view mark) {
    emit(text_.substr(copied_, at_ - copied_));
    emit(mark);
    at_ = copied_ = end;
  }

  void step() {
    switch (kClasses[at(at_)]) {
      case kPlain:
        if (!is_blank(at(at_))) after_string_ = false;
        ++at_;
        return;
      case kWord:
        after_string_ = false;
        return word();
      case kDigit:
        after_string_ = false;
        return number();
      case kQuote:
        return string();
      case kName:
        after_string_ = false;
        return quoted_name();
      case kDollar:
        after_string_ = false;
        return dollar();
      case kDash:
        if (at(at_ + 1) == '-') return line_comment();
        break;
      case kSlash:
        if (at(at_ + 1) == '*') return block_comment();
        break;
      case kDot:
        after_string_ = false;
        if (is_digit(at(at_ + 1))) return number();
        break;
      case kSemicolon:
        return semicolon();
      case kZero:
        return stop(ShapeScan::kRefused);
    }
    after_string_ = false;
    ++at_;
  }

  void word() {
    std::size_t end = at_ + 1;
    while (end < text_.size() && kContinues[static_cast<unsigned char>(text_[end])]) ++end;
    auto text = text_.substr(at_, end - at_);
    // E'', B'', X'', N'' and U&'' have rules of their own.
    if (text.size() == 1 && (at(end) == '\'' || (at(end) == '&' && (text[0] | 0x20) == 'u')))
      return stop(ShapeScan::kWhole);
    if (!begun_) {
      if (!starts_query(text)) return stop(ShapeScan::kWhole);
      begun_ = true;
    }
    if (text.size() == 5 && (word_is(text, "limit") || word_is(text, "fetch")))
      keep_numbers_ = true;
    if (text.size() == 6 && word_is(text, "offset")) keep_numbers_ = false;
    // A type's name may be spelled by a longer identifier's first 63 bytes: too odd to mask.
    if (text.size() > 63 || may_read_constants(text)) return stop(ShapeScan::kWhole);
    at_ = end;
  }

  void quoted_name() {
    std::size_t end = at_ + 1;
    while (end < text_.size() && text_[end] != '"') ++end;
    if (end >= text_.size()) return stop(ShapeScan::kRefused);
    auto name = text_.substr(at_ + 1, end - at_ - 1);
    if (name.empty() || name.size() > 63 || at(end + 1) == '"' || may_read_constants(name))
      return stop(ShapeScan::kWhole);
    at_ = end + 1;
  }

  void number() {
    std::size_t end = at_;
    bool decimal = false;
    while (is_digit(at(end))) ++end;
    if (at(end) == '.') {
      decimal = true;
      ++end;
      while (is_digit(at(end))) ++end;
    }
    // Exponents, 0x10, 1_000, 1..10 and 123abc are read differently by different versions.
    if (starts_word(at(end)) || at(end) == '.' || at(end) == '$') return stop(ShapeScan::kWhole);
    if (keep_numbers_) {
      at_ = end;
    } else {
      // What does not fit an int32 is a Float to the parser.
      mask(end, decimal || !fits_int32(text_.substr(at_, end - at_)) ? kDecimalMark : kIntegerMark);
    }
  }

  void string() {
    // 'a' followed by 'b' on another line is one string.
    if (after_string_) return stop(ShapeScan::kWhole);
    std::size_t end = at_ + 1;
    for (;; ++end) {
      if (end >= text_.size()) return stop(ShapeScan::kRefused);
      if (text_[end] == '\\' && escapes_) return stop(ShapeScan::kWhole);
      if (text_[end] == '\0') return stop(ShapeScan::kRefused);
      if (text_[end] != '\'') continue;
      if (at(end + 1) != '\'') break;
      ++end;
    }
    // The key of a secret ('password' in JSON) says what stands beside it.
    if (may_name_secret(text_.substr(at_, end - at_))) return stop(ShapeScan::kWhole);
    mask(end + 1, kStringMark);
    after_string_ = true;
  }

  void dollar() {
    if (is_digit(at(at_ + 1))) {
      while (is_digit(at(at_ + 1))) ++at_;
      ++at_;
      return starts_word(at(at_)) ? stop(ShapeScan::kWhole) : void();
    }
    stop(ShapeScan::kWhole);
  }

  void line_comment() {
    std::size_t end = at_;
    while (end < text_.size() && text_[end] != '\n' && text_[end] != '\r') {
      if (text_[end] == '\0') return stop(ShapeScan::kRefused);
      ++end;
    }
    mask(end, kCommentMark);
  }

  void block_comment() {
    std::size_t end = at_ + 2;
    for (int depth = 1; depth > 0; ++end) {
      if (end >= text_.size() || text_[end] == '\0') return stop(ShapeScan::kRefused);
      if (text_[end] == '/' && at(end + 1) == '*')
        ++depth, ++end;
      else if (text_[end] == '*' && at(end + 1) == '/')
        --depth, ++end;
    }
    mask(end, kCommentMark);
  }

  // One statement at most: behind the semicolon only blanks.
  void semicolon() {
    std::size_t end = at_ + 1;
    while (is_blank(at(end))) ++end;
    if (end < text_.size()) return stop(ShapeScan::kWhole);
    at_ = end;
  }

  std::string_view text_;
  SipHash& hash_;
  std::size_t at_ = 0, copied_ = 0;
  bool escapes_;
  bool begun_ = false;         // the first word was seen
  bool keep_numbers_ = false;  // after LIMIT
  bool after_string_ = false;
  ShapeScan state_ = ShapeScan::kMasked;
  std::array<char, 1024> buffer_;
  std::size_t used_ = 0;
};

}  // namespace

ShapeScan scan_shape(std::string_view text, const Reading& reading, SipHash& hash) {
  return Scan(text, reading, hash).run();
}

}  // namespace chaperone::sql
