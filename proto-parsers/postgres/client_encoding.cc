#include "proto-parsers/postgres/client_encoding.h"

#include <algorithm>
#include <iterator>
#include <string>

namespace chaperone::pg {

namespace {

// Letters and digits alone, as the server compares them.
constexpr std::string_view kSafe[] = {
    "abc",         "alt",         "euccn",       "eucjis2004",  "eucjp",       "euckr",
    "euctw",       "iso88591",    "iso885910",   "iso885913",   "iso885914",   "iso885915",
    "iso885916",   "iso88592",    "iso88593",    "iso88594",    "iso88595",    "iso88596",
    "iso88597",    "iso88598",    "iso88599",    "koi8",        "koi8r",       "koi8u",
    "latin1",      "latin10",     "latin2",      "latin3",      "latin4",      "latin5",
    "latin6",      "latin7",      "latin8",      "latin9",      "sqlascii",    "tcvn",
    "tcvn5712",    "unicode",     "utf8",        "vscii",       "win",         "win1250",
    "win1251",     "win1252",     "win1253",     "win1254",     "win1255",     "win1256",
    "win1257",     "win1258",     "win866",      "win874",      "windows1250", "windows1251",
    "windows1252", "windows1253", "windows1254", "windows1255", "windows1256", "windows1257",
    "windows1258", "windows866",  "windows874",
};

}  // namespace

bool client_encoding_is_safe(std::string_view name) {
  if (name == "UTF8") return true;  // as nearly all are, and asked for each statement
  std::string plain;
  for (char c : name) {
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z')) plain.push_back(c);
    if (c >= 'A' && c <= 'Z') plain.push_back(static_cast<char>(c - 'A' + 'a'));
  }
  return std::find(std::begin(kSafe), std::end(kSafe), plain) != std::end(kSafe);
}

}  // namespace chaperone::pg
