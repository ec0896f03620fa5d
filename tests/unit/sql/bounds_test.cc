// Texts made to cost: each ends, within its bounds, and says unknown where it was cut off.

#include <string>
#include <thread>

#include "proto-parsers/sql/analyse.h"
#include "proto-parsers/sql/limits.h"
#include "proto-parsers/sql/shape.h"
#include "tests/unit/sql/render.h"

#include "tests/unit/sql/catch.h"

namespace chaperone::sql {
namespace {

std::string times(std::string_view text, int count) {
  std::string all;
  for (int i = 0; i < count; ++i) all += text;
  return all;
}

Meaning meaning_of(const std::string& text) {
  return analyse(text, Reading{}, Names{nullptr, nullptr, {"public"}, "agent"}).meaning;
}

bool is_unknown(const std::string& text) { return meaning_of(text).effects.has(Effect::kUnknown); }

}  // namespace

TEST_CASE("chains are no depth") {
  CHECK_FALSE(is_unknown("SELECT a" + times(" || a", 50'000) + " FROM t"));
  CHECK_FALSE(is_unknown("SELECT 1" + times(" UNION SELECT 1", 20'000)));
  CHECK_FALSE(is_unknown("SELECT 1 FROM t WHERE a = 1" + times(" OR a = 1", 50'000)));
  CHECK_FALSE(is_unknown("SELECT " + times("(", 5000) + "1" + times(")", 5000)));
}

TEST_CASE("what is too deep is unknown") {
  CHECK(is_unknown("SELECT " + times("(SELECT ", 2000) + "1" + times(")", 2000)));
  CHECK(is_unknown("SELECT 1" + times("::int", 100'000)));
  CHECK(is_unknown("SELECT " + times("(", 400'000)));
  CHECK(is_unknown("SELECT " + times("abs(", 4000) + "1" + times(")", 4000)));
}

TEST_CASE("what is too much is unknown") {
  CHECK(is_unknown(times("SELECT 1;", 50'000)));
  CHECK(is_unknown("SELECT a FROM t" + times(", t", 100'000)));
  CHECK(is_unknown("SELECT " + times("a, ", 100'000) + "a FROM t" + times(", t", 1900)));
  CHECK(is_unknown("SELECT 1" + std::string(kTextBytesMax, ' ')));
}

TEST_CASE("comments that open in a row do not hold the scanner up") {
  CHECK(is_unknown(times("/*", 400'000)));
  CHECK(is_unknown(times("/*", 100'000) + times("*/", 100'000) + " SELECT 1"));
  CHECK_FALSE(is_unknown("/****** /* a */ ******/ SELECT '/*/*/*' || a FROM t"));
}

TEST_CASE("bytes that no text has are unknown") {
  CHECK(is_unknown(std::string("SELECT 1\0; DROP TABLE t", 23)));
  CHECK(meaning_of("").statements.empty());
  CHECK(meaning_of(" -- nothing\n").statements.empty());
}

TEST_CASE("several threads at once") {
  std::string expected = render(analyse("DO $$ BEGIN DELETE FROM t; END $$", Reading{}, Names{}));
  std::vector<int> differences(4, 0);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < differences.size(); ++i) {
    threads.emplace_back([&, i] {
      for (int round = 0; round < 200; ++round) {
        auto text = render(analyse("DO $$ BEGIN DELETE FROM t; END $$", Reading{}, Names{}));
        if (text != expected || !is_unknown("SELEC 1")) ++differences[i];
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(differences == std::vector<int>(4, 0));
}

}  // namespace chaperone::sql
