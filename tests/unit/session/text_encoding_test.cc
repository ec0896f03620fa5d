// Which texts the server and we read alike, by the encodings of both sides.
#include "sidecar/session/text_encoding.h"

#include <catch2/catch.hpp>

namespace chaperone::session {
namespace {

bool reads(std::string_view client, std::string_view server, std::string_view text) {
  ServerSettings settings;
  settings.client_encoding = client;
  settings.server_encoding = server;
  return unreadable_text(text, settings) == nullptr;
}

TEST_CASE("text: UTF-8 on both sides, and bytes passed as they are, hide nothing") {
  for (std::string_view client : {"UTF8", "SQL_ASCII"}) {
    CHECK(reads(client, "UTF8", "select * from \"geh\xc3\xa9im\""));
    CHECK(reads(client, "UTF8", "select * from U&\"geh\\00e9im\""));
    CHECK(reads(client, "UTF8", "select E'\\xc3\\xa9', '\xc3\xa9'"));
  }
}

TEST_CASE("text: in another client_encoding it is ASCII") {
  for (std::string_view client : {"LATIN1", "WIN1252", "EUC_JP", "SJIS", "MULE_INTERNAL", ""}) {
    CHECK(reads(client, "UTF8", "select 'a' || U&'\\00e9' /* \\x */"));
    CHECK_FALSE(reads(client, "UTF8", "select * from geh\xe9im"));
    CHECK_FALSE(reads(client, "UTF8", "select '\xe9'"));
    CHECK_FALSE(reads(client, "UTF8", "select 1 -- \xe9"));
  }
  CHECK_FALSE(reads("SQL_ASCII", "LATIN1", "select '\xe9'"));
}

TEST_CASE("text: in a database that is not UTF-8 only plain constants go beyond ASCII") {
  for (std::string_view server : {"LATIN1", "SQL_ASCII", "EUC_JP", ""}) {
    CHECK(reads("UTF8", server, "select 1"));
    CHECK(reads("UTF8", server, "insert into t values ('\xc3\xa9', E'a\\n', N'\xc3\xa9') -- \xc3\xa9"));
    CHECK(reads("UTF8", server, "select a & b, c from t where d like 'x\\_y' /* & */"));
    CHECK_FALSE(reads("UTF8", server, "select * from geh\xc3\xa9im"));
    CHECK_FALSE(reads("UTF8", server, "select * from \"geh\xc3\xa9im\""));
    CHECK_FALSE(reads("UTF8", server, "select * from U&\"geh\\00e9im\""));
    CHECK_FALSE(reads("UTF8", server, "select u&'\\00e9'"));
    CHECK_FALSE(reads("UTF8", server, "do $$ select * from geh\xc3\xa9im $$"));
    CHECK_FALSE(reads("UTF8", server, "do E'select * from geh\\351im'"));
    CHECK_FALSE(reads("UTF8", server, "do E'select * from geh\\\\'\n'\\xe9im'"));
    CHECK_FALSE(reads("UTF8", server, "select '\xc3\xa9"));
    CHECK_FALSE(reads("UTF8", server, "select '\xc3\xa9' /* "));
  }
  CHECK(reads("UTF8", "LATIN1", "select E'\\\\', E'\\n'"));
}

TEST_CASE("text: names of the session are told in UTF-8 or ASCII") {
  ServerSettings settings;
  settings.search_path = {"public", "\xc3\xa9"};
  CHECK(names_readable(settings));
  settings.client_encoding = "LATIN1";
  CHECK_FALSE(names_readable(settings));
  settings.search_path = {"public"};
  CHECK(names_readable(settings));
  settings.role = "\xe9";
  CHECK_FALSE(names_readable(settings));
}

}  // namespace
}  // namespace chaperone::session
