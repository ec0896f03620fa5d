#include "sidecar/session/text_encoding.h"

#include <algorithm>

#include "proto-parsers/sql/lexer.h"

namespace chaperone::session {
namespace {

constexpr std::string_view kUtf8 = "UTF8";
constexpr std::string_view kSqlAscii = "SQL_ASCII";

// \x.., \u...., \U........ and octal.
bool escapes_characters(std::string_view text) {
  constexpr std::string_view kMakers = "xuU01234567";
  for (std::size_t at = 0; (at = text.find('\\', at)) < text.size(); at += 2) {
    if (at + 1 < text.size() && kMakers.find(text[at + 1]) != std::string_view::npos) return true;
  }
  return false;
}

bool is_unicode_escaped(std::string_view token) {
  return token.size() > 2 && (token[0] | 0x20) == 'u' && token[1] == '&';
}

// Every character outside ASCII stands in a plain constant, as itself.
bool only_constants_beyond_ascii(std::string_view text, const sql::Reading& reading) {
  sql::Lexer lexer(text, reading);
  while (true) {
    sql::Token token = lexer.next();
    if (token.kind == sql::TokenKind::kEnd) return true;
    if (token.kind == sql::TokenKind::kBroken || is_unicode_escaped(token.text)) return false;
    bool constant = token.kind == sql::TokenKind::kString && token.text[0] != '$';
    if (constant ? escapes_characters(token.text) : !is_ascii(token.text)) return false;
  }
}

}  // namespace

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool text_is_utf8(const ServerSettings& settings) {
  if (settings.client_encoding == kUtf8) return true;
  return settings.client_encoding == kSqlAscii &&
         (settings.server_encoding == kUtf8 || settings.server_encoding == kSqlAscii);
}

const char* unreadable_text(std::string_view text, const ServerSettings& settings) {
  if (!text_is_utf8(settings) && !is_ascii(text)) {
    return "this client_encoding is not UTF8, so that what it says outside ASCII cannot be compared "
           "with the policy";
  }
  if (settings.server_encoding == kUtf8) return nullptr;
  bool plain = is_ascii(text) && text.find_first_of("\\&") == std::string_view::npos;
  if (plain || only_constants_beyond_ascii(text, settings.reading)) return nullptr;
  return "this database's encoding is not UTF8, so that names and escapes outside ASCII cannot be "
         "compared with the policy";
}

bool names_readable(const ServerSettings& settings) {
  return text_is_utf8(settings) ||
         (is_ascii(settings.role) && std::all_of(settings.search_path.begin(),
                                                 settings.search_path.end(), is_ascii));
}

}  // namespace chaperone::session
