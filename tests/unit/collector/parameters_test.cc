#include "collector/api/parameters.h"

#include "collector/limits.h"

#include <catch2/catch.hpp>  // last: its CHECK is the test's

using namespace chaperone;
using namespace chaperone::collector;

namespace {
HttpRequest asking(std::multimap<std::string, std::string> query) {
  HttpRequest request;
  request.query = std::move(query);
  return request;
}
}  // namespace

TEST_CASE("filters are read") {
  auto filter = parse_filter(asking({{"effect", "read,drop"},
                                     {"decision", "deny"},
                                     {"risk_min", "high"},
                                     {"kind", "command,outcome"},
                                     {"label", "team=data"},
                                     {"label", "run"},
                                     {"from", "2023-11-14T22:13:20Z"},
                                     {"operation", "7"}}),
                             {});
  REQUIRE(filter);
  CHECK(filter->effects == (Effect::kRead | Effect::kDrop));
  CHECK(filter->verdict == 2);
  CHECK(filter->risk_min == Risk::kHigh);
  CHECK(filter->kinds == (1 << 13 | 1 << 14));
  REQUIRE(filter->labels.size() == 2);
  CHECK(filter->labels[0].key == "team");
  CHECK(filter->labels[0].value == "data");
  CHECK(!filter->labels[1].value);
  CHECK(filter->from_ns == 1'700'000'000'000'000'000);
  CHECK(filter->operation == 7);
}

TEST_CASE("what cannot be read is refused and named") {
  std::multimap<std::string, std::string> wrong = {
      {"colour", "red"},
      {"effect", "read,fly"},
      {"decision", "maybe"},
      {"risk_min", "9"},
      {"kind", "command,x"},
      {"label", "=x"},
      {"from", "soon"},
      {"operation", "-1"},
      {"session", "abc"},
      {"writer", std::string(32, 'G')},
      {"status", "fine"},
      {"text", "% ;"},
      {"text", std::string("a\0b", 3)},
      {"object", std::string("\0", 1)},
      {"pod", std::string(kParameterBytesMax + 1, 'x')}};
  for (const auto& [name, value] : wrong) {
    INFO(name);
    auto filter = parse_filter(asking({{name, value}}), {});
    REQUIRE(!filter);
    CHECK(filter.error().message.find(name) != std::string::npos);
  }
  CHECK(!parse_filter(asking({{"pod", "a"}, {"pod", "b"}}), {}).ok());
  CHECK(!check_parameters(asking({{"kind", std::string("a\0", 2)}}), {"kind"}).ok());
  auto effect = parse_filter(asking({{"effect", "wriet"}}), {});
  REQUIRE(!effect);
  CHECK(effect.error().message.find("read, write, delete") != std::string::npos);
}

TEST_CASE("pages have a bound and cursors a form") {
  auto page = parse_page(asking({{"limit", "5"}, {"cursor", "r17"}, {"order", "asc"}}));
  REQUIRE(page);
  CHECK(page->limit == 5);
  CHECK(page->cursor == 17);
  CHECK(page->ascending);
  CHECK(cursor_text(17) == "r17");
  for (auto query : {std::pair("limit", "0"), std::pair("limit", "1001"), std::pair("limit", "x"),
                     std::pair("cursor", "17"), std::pair("cursor", "r-1"),
                     std::pair("cursor", "rx"), std::pair("order", "up")}) {
    CHECK(!parse_page(asking({query})).ok());
  }
}

TEST_CASE("words to search for hold no operators") {
  CHECK(words_expression("drop table") == "\"drop\" AND \"table\"");
  CHECK(words_expression("cust*") == "\"cust\"*");
  CHECK(words_expression("a OR b") == "\"a\" AND \"OR\" AND \"b\"");
  CHECK(words_expression("say\"x\"") == "\"say\"\"x\"\"\"");
  CHECK(words_expression("text:secret") == "\"text:secret\"");
  CHECK(!words_expression(""));
  CHECK(!words_expression(" ( ) * \" "));
  std::string many;
  for (std::size_t i = 0; i <= kSearchWordsMax; ++i) many += "w ";
  CHECK(!words_expression(many));
}
