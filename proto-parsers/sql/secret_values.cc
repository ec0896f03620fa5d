#include "proto-parsers/sql/secret_values.h"

#include <array>
#include <cstddef>

#include "proto-parsers/sql/characters.h"
#include "proto-parsers/sql/lexer.h"
#include "proto-parsers/sql/secret_names.h"
#include "proto-parsers/sql/secret_scan.h"

namespace chaperone::sql {
namespace {

constexpr auto kNone = std::string_view::npos;

bool in_key(char c) {
  auto byte = static_cast<unsigned char>(c);
  return (byte < 0x80 && starts_word(byte)) || is_digit(byte) || c == '-';
}

// Keys that show by how they begin, case and all, and how many bytes at least follow.
struct Form {
  std::string_view begin;
  std::size_t least;
};
constexpr Form kForms[] = {
    {"AKIA", 16}, {"ASIA", 16}, {"ghp_", 20},        {"gho_", 20},    {"ghu_", 20},
    {"ghs_", 20}, {"ghr_", 20}, {"github_pat_", 20}, {"glpat-", 16},  {"xoxb-", 8},
    {"xoxp-", 8}, {"xoxa-", 8}, {"xoxr-", 8},        {"xoxs-", 8},    {"xoxe-", 8},
    {"xoxe.", 8}, {"sk-", 16},  {"sk_live_", 8},     {"sk_test_", 8}, {"rk_live_", 8},
    {"AIza", 30}, {"hf_", 20},  {"npm_", 30},        {"pypi-", 30},   {"dop_v1_", 30}};

// A literal that is masked already.
constexpr std::string_view kMasked = "'***'";
// "-----BEGIN ENCRYPTED PRIVATE KEY-----" and its like; a text may begin many.
constexpr std::size_t kPemLabelMax = 64;
// Options of one letter that are written as one word.
constexpr std::size_t kLettersMax = 8;

class Search {
 public:
  explicit Search(std::string_view value) : value_(value) {}

  std::string run() {
    for (std::size_t i = 0; i < value_.size();) i = step(i);
    if (made_.empty()) return {};
    return made_.append(value_.substr(copied_));
  }

 private:
  char at(std::size_t i) const { return i < value_.size() ? value_[i] : '\0'; }
  std::size_t skip(std::size_t i, std::string_view set) const {
    while (i < value_.size() && set.find(value_[i]) != kNone) ++i;
    return i;
  }
  std::size_t until(std::size_t i, std::string_view set) const {
    auto end = value_.find_first_of(set, i);
    return end == kNone ? value_.size() : end;
  }

  std::size_t mask(std::size_t begin, std::size_t end) {
    if (end <= begin) return begin;
    made_.append(value_.substr(copied_, begin - copied_)).append(kSecretMask);
    return copied_ = end;
  }

  // Looks at what begins at i; answers where to look next, always further on.
  std::size_t step(std::size_t i) {
    if (value_[i] == ':' && value_.substr(i, 3) == "://") return url(i + 3);
    if (value_[i] == '-') {
      if (value_.substr(i).starts_with("-----BEGIN ")) return pem(i);
      if (i == 0 || is_blank(static_cast<unsigned char>(value_[i - 1]))) return option(i);
    }
    if (!in_key(value_[i])) return i + 1;
    std::size_t end = i;
    while (end < value_.size() && (in_key(value_[end]) || value_[end] == '.')) ++end;
    return word(i, end);
  }

  std::size_t word(std::size_t begin, std::size_t end) {
    auto text = value_.substr(begin, end - begin);
    if (has_form(text)) return mask(begin, end);
    if (same_word(text, "bearer") && at(end) == ' ') return bearer(end);
    if (names_secret(text)) {
      std::size_t given = after_sign(end);
      if (value_.substr(given).starts_with(kMasked)) return given + kMasked.size();
      if (given < value_.size()) return mask(given, value_end(text, begin, given));
    }
    if (is_cookie(text) && at(end) == ':') return mask(end + 1, until(end, "\r\n'\""));
    return end;
  }

  static bool has_form(std::string_view word) {
    for (const Form& form : kForms) {
      if (word.starts_with(form.begin) && word.size() >= form.begin.size() + form.least)
        return true;
    }
    // header.payload.signature, of which the first two are JSON objects.
    auto dot = word.find('.');
    return word.starts_with("eyJ") && dot != kNone && dot >= 10 && word.size() > dot + 4;
  }

  std::size_t bearer(std::size_t blank) {
    std::size_t begin = skip(blank, " ");
    std::size_t end = until(begin, " \t\r\n'\"\\");
    return end - begin >= 6 ? mask(begin, end) : begin;
  }

  // Where the value behind name= or "name": begins; the value's size if no sign follows.
  std::size_t after_sign(std::size_t i) const {
    i = skip(i, " \t\"'\\]");
    if (at(i) != '=' && at(i) != ':') return value_.size();
    if (value_.substr(i, 3) == "://") return value_.size();
    return skip(i + 1, "=:>~ \t");
  }

  std::size_t value_end(std::string_view name, std::size_t begin, std::size_t given) const {
    char quote = at(given);
    if (quote == '"') {
      for (std::size_t i = given + 1; i < value_.size(); ++i) {
        if (value_[i] == '\\')
          ++i;
        else if (value_[i] == '"')
          return i + 1;
      }
      return value_.size();
    }
    // Such a value may hold blanks, and quotes may be doubled or escaped: everything behind goes.
    if (quote == '\'' || quote == '\\' || quote == '{' || quote == '[') return value_.size();
    if (begin > 0 && (value_[begin - 1] == '?' || value_[begin - 1] == '&'))
      return until(given, "&# \t\r\n");
    // A header: its value is the whole line, or a scheme and a word.
    if (names_header(name)) return until(given, "\r\n'\"");
    return until(given, " \t\r\n");
  }
  static bool names_header(std::string_view name) {
    constexpr std::string_view kHeader = "authorization";
    return name.size() >= kHeader.size() &&
           same_word(name.substr(name.size() - kHeader.size()), kHeader);
  }
  static bool is_cookie(std::string_view name) {
    return same_word(name, "cookie") || same_word(name, "set-cookie");
  }

  std::size_t url(std::size_t begin) {
    auto authority = value_.substr(begin, until(begin, "/ ?\t\r\n") - begin);
    auto at_sign = authority.rfind('@');
    auto colon = authority.find(':');
    if (at_sign == kNone || colon >= at_sign) return begin;
    return mask(begin + colon + 1, begin + at_sign);
  }

  std::size_t pem(std::size_t begin) {
    if (value_.substr(begin, kPemLabelMax).find("PRIVATE KEY") == kNone) return begin + 5;
    auto end = value_.find("-----END ", begin);
    if (end == kNone) return mask(begin, value_.size());
    return mask(begin, until(end, "\r\n'\""));
  }

  // -u of curl and its kin, among other letters too: -sSu.
  static bool is_user_option(std::string_view name) {
    if (name == "--user" || name == "--proxy-user" || name == "-U") return true;
    return name.size() <= kLettersMax && name.ends_with('u') && !name.starts_with("--");
  }

  // -u user:password and --user; --password x.
  std::size_t option(std::size_t begin) {
    std::size_t end = begin;
    while (end < value_.size() && in_key(value_[end])) ++end;
    auto name = value_.substr(begin, end - begin);
    std::size_t given = skip(end, " \t=");
    bool user = is_user_option(name);
    if (!user && name.starts_with("-u") && at(end) == ':') {
      user = true;
      given = begin + 2;
    }
    if (user) return user_option(given, end);
    if (name.starts_with("--") && names_secret(name) && given > end)
      return mask(given, value_end(name, begin, given));
    return word(begin, end);
  }

  std::size_t user_option(std::size_t given, std::size_t end) {
    char quote = at(given);
    bool quoted = quote == '"' || quote == '\'';
    if (quoted) given = skip(given, "'\"");
    std::size_t close = until(given, quoted ? std::string_view(&quote, 1) : " \t\r\n");
    auto colon = value_.substr(given, close - given).find(':');
    return colon == kNone ? end : mask(given + colon + 1, close);
  }

  std::string_view value_;
  std::string made_;
  std::size_t copied_ = 0;
};

}  // namespace

std::string without_quote(const std::string& error, std::string_view text) {
  auto quote = error.find('"');
  if (quote == kNone || !may_hold_secret(text)) return error;
  return error.substr(0, quote) + "...";
}

std::string without_secrets(std::string_view value) {
  return may_hold_secret(value) ? Search(value).run() : std::string();
}

}  // namespace chaperone::sql
