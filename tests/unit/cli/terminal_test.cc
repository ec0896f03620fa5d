#include "cli/terminal.h"

#include <catch2/catch.hpp>  // last: its CHECK is the test's

using namespace chaperone::cli;

TEST_CASE("text becomes one line that cannot steer a terminal") {
  CHECK(one_line("SELECT\n  a,\tb  ") == "SELECT a, b");
  CHECK(one_line("\x1b]0;title\x07") == "\\x1b]0;title\\x07");
  CHECK(one_line("a\u202eb") == "a\\u202eb");
  CHECK(one_line("a\u200bb\ufeff") == "a\\u200bb\\ufeff");
  CHECK(one_line("\u009b31m") == "\\x9b31m");
  CHECK(one_line("caf\u00e9 \u4e2d") == "caf\u00e9 \u4e2d");
  CHECK(one_line("\xff\xc0\x80z") == "\\xff\\xc0\\x80z");
  CHECK(one_line("\xed\xa0\x80") == "\\xed\\xa0\\x80");
  CHECK(one_line("") == "");
}

TEST_CASE("cutting keeps whole characters") {
  CHECK(cut("abcdef", 6) == "abcdef");
  CHECK(cut("abcdef", 4) == "abc…");
  CHECK(cut("éééé", 3) == "éé…");
  CHECK(columns("é…a") == 3);
}

TEST_CASE("a table fits its window and is plain without colour") {
  Table table({"A", "WHAT"});
  table.add({{"one", Tint::kBad}, {std::string(100, 'x')}});
  table.add({{"three"}, {"short\nline"}});
  Terminal plain{false, 40};
  std::string text = table.text(plain);
  CHECK(text.find('\x1b') == std::string::npos);
  CHECK(text.find("short line") != std::string::npos);
  std::size_t begin = 0;
  while (begin < text.size()) {
    std::size_t end = text.find('\n', begin);
    CHECK(columns(text.substr(begin, end - begin)) <= 40);
    begin = end + 1;
  }
  CHECK(table.text(Terminal{true, 0}).find("\x1b[31mone\x1b[0m") != std::string::npos);
  CHECK(table.text(Terminal{false, 0}).find(std::string(100, 'x')) != std::string::npos);
}
