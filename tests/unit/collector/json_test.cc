#include "collector/json.h"

#include <catch2/catch.hpp>  // last: its CHECK is the test's

using namespace chaperone::collector;

TEST_CASE("JSON is written with its commas and its escapes") {
  JsonOut json;
  json.open('{')
      .field("a", "x\"\n\x01")
      .field("b", 7)
      .key("c")
      .open('[')
      .text("1")
      .number(2)
      .close(']');
  json.field_if("d", "").field_if("e", std::nullopt).key("f").open('{').close('}').close('}');
  CHECK(json.str() == "{\"a\":\"x\\\"\\n\\u0001\",\"b\":7,\"c\":[\"1\",2],\"f\":{}}");
}

TEST_CASE("what is not UTF-8 is replaced, byte by byte") {
  const std::string kMark = "\xEF\xBF\xBD";
  CHECK(utf8_lossy("h\u00e9 \u4e2d \U0001F600") == "h\u00e9 \u4e2d \U0001F600");
  CHECK(utf8_lossy("a\xff") == "a" + kMark);
  CHECK(utf8_lossy("\xc0\x80") == kMark + kMark);              // overlong
  CHECK(utf8_lossy("\xed\xa0\x80") == kMark + kMark + kMark);  // a surrogate
  CHECK(utf8_lossy("\xf4\x90\x80\x80") == kMark + kMark + kMark + kMark);
  CHECK(utf8_lossy("\xe2\x82") == kMark + kMark);
}

TEST_CASE("times are RFC 3339, both ways") {
  CHECK(rfc3339(1'700'000'000'123'456'789) == "2023-11-14T22:13:20.123456789Z");
  CHECK(rfc3339(0) == "1970-01-01T00:00:00.000000000Z");
  CHECK(rfc3339(-1) == "1969-12-31T23:59:59.999999999Z");
  CHECK(parse_time("2023-11-14T22:13:20.123456789Z") == 1'700'000'000'123'456'789);
  CHECK(parse_time("2023-11-14T23:13:20.5+01:00") == 1'700'000'000'500'000'000);
  CHECK(parse_time("1700000000000000000") == 1'700'000'000'000'000'000);
  for (const char* text :
       {"", "yesterday", "2023-11-14", "2023-11-14T22:13:20", "2023-13-14T22:13:20Z",
        "2023-11-14T22:13:20.Z", "2023-11-14T22:13:20.1234567890Z", "2023-11-14T22:13:20Zz",
        "2023-11-14T-1:13:20Z", "9999-11-14T22:13:20Z"}) {
    INFO(text);
    CHECK(!parse_time(text));
  }
}
