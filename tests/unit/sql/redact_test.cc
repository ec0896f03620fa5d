#include "proto-parsers/sql/redact.h"

#include <catch2/catch.hpp>

namespace chaperone::sql {
namespace {

std::string redacted(std::string_view text) { return redact(text, Reading{}); }

}  // namespace

TEST_CASE("passwords in statements about roles") {
  CHECK(redacted("CREATE ROLE bob PASSWORD 'hush'") == "CREATE ROLE bob PASSWORD '***'");
  CHECK(redacted("alter user bob with encrypted password E'hu\\'sh' login") ==
        "alter user bob with encrypted password '***' login");
  CHECK(redacted("ALTER ROLE bob PASSWORD $$hush$$") == "ALTER ROLE bob PASSWORD '***'");
  CHECK(redacted("ALTER ROLE bob /* PASSWORD */ PASSWORD/**/'hu''sh'") ==
        "ALTER ROLE bob /* *** */ PASSWORD/**/'***'");
  CHECK(redacted("ALTER ROLE bob PASSWORD 'hu'\n'sh'") == "ALTER ROLE bob PASSWORD '***'\n'***'");
  CHECK(redacted("ALTER ROLE bob PASSWORD NULL") == "ALTER ROLE bob PASSWORD NULL");
}

TEST_CASE("passwords in options and comparisons") {
  CHECK(redacted("CREATE USER MAPPING FOR bob SERVER s OPTIONS (user 'a', password 'b')") ==
        "CREATE USER MAPPING FOR bob SERVER s OPTIONS (user 'a', password '***')");
  CHECK(redacted("SELECT 1 FROM users WHERE password = 'b' AND name = 'x'") ==
        "SELECT 0 FROM users WHERE password = '***' AND name = '***'");
  CHECK(redacted("UPDATE users SET \"password\"='b'") == "UPDATE users SET \"password\"='***'");
  CHECK(redacted("SET app.token TO 'b'") == "SET app.token TO '***'");
}

TEST_CASE("connection strings") {
  CHECK(redacted("CREATE SUBSCRIPTION s CONNECTION 'host=h password=x user=u' PUBLICATION p") ==
        "CREATE SUBSCRIPTION s CONNECTION 'host=h password=*** user=u' PUBLICATION p");
  CHECK(redacted("SELECT dblink_connect('host=h PassWord = ''a b'' user=u')") ==
        "SELECT dblink_connect('host=h PassWord = ***')");
  CHECK(redacted("SELECT dblink('postgresql://u:hush@h/db', 'SELECT 1')") ==
        "SELECT dblink('postgresql://u:***@h/db', 'SELECT 1')");
}

TEST_CASE("functions that take keys") {
  CHECK(redacted("SELECT pgp_sym_decrypt(data, 'key') FROM t") ==
        "SELECT pgp_sym_decrypt(data, '***') FROM t");
  CHECK(redacted("SELECT crypt(lower('pw'), salt), 'kept'") ==
        "SELECT crypt(lower('***'), salt), 'kept'");
}

TEST_CASE("code in strings") {
  CHECK(redacted("DO $$ BEGIN ALTER ROLE bob PASSWORD 'hush'; END $$") ==
        "DO $$ BEGIN ALTER ROLE bob PASSWORD '***'; END $$");
  CHECK(redacted("DO 'BEGIN ALTER ROLE bob PASSWORD ''hush''; END'") == "DO '***'");
}

TEST_CASE("what cannot be cut into tokens") {
  CHECK(redacted("ALTER ROLE bob PASSWORD 'hush") == "ALTER ROLE bob PASSWORD ***");
  CHECK(redacted("SELECT 'ALTER ROLE bob PASSWORD x") == "SELECT ***");
  CHECK(redacted("SELECT 'unterminated") == "SELECT 'unterminated");
}

TEST_CASE("where a query names a secret every constant may be it") {
  for (std::string_view text :
       {"insert into users(id, password) values (17, 'S3CRET')", "select set_config('my.password', 'S3CRET', false)",
        "insert into users(password) select 'S3CRET'", "update users set (id, password) = (17, 'S3CRET')",
        "select 1 from users where password in ('S3CRET')", "select 1 from users where 'S3CRET' = password",
        "select 1 from users where password like 'S3CRET'", "set \"my.api_key\" to S3CRET",
        "select 1 /* password=S3CRET */", "select 1 -- token: S3CRET", "alter role bob password S3CRET oops",
        "merge into users u using t on true when not matched then insert (password) values ('S3CRET')",
        "select 'Authorization: Bearer S3CRET-0123456789'", "select $$ghp_S3CRET0123456789abcdef0123$$",
        "set my.password = S3CRET", "select 1 from users where password = any (array['S3CRET'])"}) {
    INFO(text);
    CHECK(redacted(text).find("S3CRET") == std::string::npos);
    CHECK(holds_secret(text, Reading{}));
  }
}

TEST_CASE("bound values are kept back where the statement names a secret, or they look like one") {
  CHECK(holds_secret("insert into users(password) values ($1)", Reading{}));
  CHECK(holds_secret("select set_config('my.password', $1, false)", Reading{}));
  CHECK(holds_secret("select 1 from users where password = $1", Reading{}));
  CHECK_FALSE(holds_secret("select 1 from users where id = $1", Reading{}));
  CHECK(value_holds_secret("postgresql://u:hush@h/db"));
  CHECK(value_holds_secret("host=h password=hush"));
  CHECK_FALSE(value_holds_secret("a pass, a key, a token"));
}

TEST_CASE("what is no secret stays") {
  for (std::string_view text :
       {"SELECT 1", "SELECT 'a' || 'b'", "INSERT INTO t VALUES ('x', $$y$$)", "",
        "SELECT 'the token has expired'", "COPY t TO PROGRAM 'sh'", "SELECT 1 -- why"}) {
    CHECK(redacted(text) == text);
    CHECK_FALSE(holds_secret(text, Reading{}));
  }
}

}  // namespace chaperone::sql
