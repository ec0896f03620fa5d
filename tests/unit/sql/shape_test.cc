#include "proto-parsers/sql/shape.h"

#include <catch2/catch.hpp>

#include <string>

namespace chaperone::sql {
namespace {

bool same(std::string_view a, std::string_view b, const Reading& reading = {}) {
  auto one = shape_of(a, reading);
  auto other = shape_of(b, reading);
  REQUIRE(one.has_value());
  REQUIRE(other.has_value());
  return *one == *other;
}

}  // namespace

TEST_CASE("constants of queries do not matter") {
  CHECK(same("SELECT abalance FROM pgbench_accounts WHERE aid = 1",
             "SELECT abalance FROM pgbench_accounts WHERE aid = 987654"));
  CHECK(same("select 'a', 1.5 from t", "select '; drop table t --', 3.25 from t"));
  CHECK(same("INSERT INTO t VALUES ('it''s', 3)", "INSERT INTO t VALUES ('', 44)"));
  CHECK(same("/* trace=1 */ SELECT 1", "/* trace=2 /* x */ */ SELECT 1"));
  CHECK(same("SELECT 1 -- a\n", "SELECT 1 -- bcd\n"));
  CHECK(same("SELECT 1;", "SELECT 2;"));
}

TEST_CASE("everything else matters") {
  CHECK_FALSE(same("SELECT a FROM t", "SELECT b FROM t"));
  CHECK_FALSE(same("SELECT 1", "SELECT 'a'"));
  CHECK_FALSE(same("SELECT 1", "SELECT 1.5"));
  CHECK_FALSE(same("SELECT 1", "SELECT 12345678901"));
  CHECK_FALSE(same("SELECT $1", "SELECT $2"));
  CHECK_FALSE(same("SELECT 1", "SELECT 1; DROP TABLE t"));
  CHECK_FALSE(same("SELECT 'a'", "SELECT 'a' 'b'"));
  CHECK_FALSE(same("SELECT * FROM t LIMIT 5", "SELECT * FROM t LIMIT 50"));
  CHECK(same("SELECT * FROM t LIMIT 5 OFFSET 10", "SELECT * FROM t LIMIT 5 OFFSET 20"));
}

TEST_CASE("where a constant may be a name or code the whole text is the shape") {
  for (const auto& [a, b] : std::initializer_list<std::pair<const char*, const char*>>{
           {"SELECT nextval('a')", "SELECT nextval('b')"},
           {"SELECT \"nextval\"('a')", "SELECT \"nextval\"('b')"},
           {"SELECT SET_CONFIG('a', 'b', false)", "SELECT SET_CONFIG('c', 'b', false)"},
           {"SELECT query_to_xml('SELECT 1', true, true, '')",
            "SELECT query_to_xml('DROP TABLE t', true, true, '')"},
           {"SELECT U&\"n\\0065xtval\"('a')", "SELECT U&\"n\\0065xtval\"('b')"},
           {"COPY t TO 'a'", "COPY t TO 'b'"},
           {"DO 'a'", "DO 'b'"},
           {"SET x = 'a'", "SET x = 'b'"},
           {"EXPLAIN (ANALYZE 0) SELECT 1", "EXPLAIN (ANALYZE 1) SELECT 1"},
           {"SELECT 1::float(20)", "SELECT 1::float(30)"},
           {"SELECT f('password=a')", "SELECT f('password=b')"},
           {"SELECT a->'token' = 'x'", "SELECT a->'topic' = 'x'"},
           {"SELECT E'a'", "SELECT E'b'"},
           {"SELECT $$a$$", "SELECT $$b$$"},
           {"SELECT 0x1F", "SELECT 0x2F"},
           {"SELECT 1e5", "SELECT 1e6"}}) {
    INFO(a);
    CHECK_FALSE(same(a, b));
    CHECK(same(a, a));
  }
}

TEST_CASE("where backslashes escape they are no plain constants") {
  Reading off;
  off.standard_conforming_strings = false;
  CHECK_FALSE(same("SELECT 'a\\'', 1 --'", "SELECT 'b\\'', 2 --'", off));
}

TEST_CASE("texts without a shape") {
  for (std::string_view text :
       {std::string_view("SELECT 'a"), std::string_view("SELECT \"a"),
        std::string_view("SELECT /* a"), std::string_view("SELECT \0 1", 10)}) {
    CHECK_FALSE(shape_of(text, Reading{}).has_value());
  }
  for (std::string_view text : {"EXECUTE p(1)", "explain analyze execute p", "SELECT 1; eXecute p",
                                "CREATE TABLE t AS EXECUTE p"}) {
    CHECK_FALSE(shape_of(text, Reading{}).has_value());
  }
  CHECK_FALSE(shape_of("SELECT " + std::string(100'000, '1'), Reading{}).has_value());
}

TEST_CASE("a shape's name is the same in every process") {
  CHECK(shape_name("SELECT 1", Reading{}) == shape_name("SELECT 2", Reading{}));
  CHECK(shape_name("SELECT 1", Reading{}) != 0);
}

}  // namespace chaperone::sql
