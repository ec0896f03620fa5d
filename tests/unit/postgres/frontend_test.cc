#include "proto-parsers/postgres/frontend.h"

#include <catch2/catch.hpp>
#include <string>

#include "proto-parsers/postgres/encode.h"
#include "tests/unit/postgres/framed.h"

using namespace chaperone;
using namespace chaperone::pg;
using namespace std::string_literals;

namespace {

// The one event that `input` is, or its error.
std::string parse_error(const std::string& input) {
  FrontendParser parser;
  const Step step = parser.next(as_bytes(input));
  if (step.kind != StepKind::kError) return "no error";
  CHECK(parser.next(as_bytes(input)).kind == StepKind::kError);  // for ever
  return parser.error().reason;
}

// Owns the bytes that its event is cut from.
struct One {
  std::string input;
  FrontendParser parser;
  explicit One(std::string bytes) : input(std::move(bytes)) {
    const Step step = parser.next(as_bytes(input));
    REQUIRE(step.kind == StepKind::kEvent);
    REQUIRE(step.consumed == input.size());
  }
  const FrontendMessage* operator->() const { return &parser.event(); }
};

}  // namespace

TEST_CASE("frontend: a Query is one string") {
  std::string out;
  append_query(out, "SELECT 1");
  One query(out);
  CHECK(query->type == FrontendType::kQuery);
  CHECK(query->text == "SELECT 1");
  CHECK(as_text(query->whole) == out);

  CHECK(parse_error(framed('Q', "SELECT 1")) == "Query: not one string and nothing else");
  CHECK(parse_error(framed('Q', "a\0b\0"s)) == "Query: not one string and nothing else");
  CHECK(parse_error(framed('Q', "")) == "Query: not one string and nothing else");
}

TEST_CASE("frontend: a Parse has a name, a text and types") {
  std::string out;
  const std::uint32_t types[] = {23, 25};
  append_parse(out, "s1", "SELECT $1, $2", types);
  One parse(out);
  CHECK(parse->statement == "s1");
  CHECK(parse->text == "SELECT $1, $2");
  REQUIRE(parse->parameter_type_count == 2);
  ByteReader reader(parse->parameter_types);
  CHECK(reader.take_u32() == 23);
  CHECK(reader.take_u32() == 25);

  const std::string fault = "Parse: fields do not fill the message exactly";
  CHECK(parse_error(framed('P', "s\0t\0\0\1\0\0\0"s)) == fault);
  CHECK(parse_error(framed('P', "s\0t\0\0\0x"s)) == fault);
  CHECK(parse_error(framed('P', "s\0t\0\xff\xff"s)) == fault);
  CHECK(parse_error(framed('P', "s\0t"s)) == fault);
}

TEST_CASE("frontend: a Bind has values with formats") {
  std::string out;
  const std::string four = "\0\0\0\7"s;
  const Parameter values[] = {{.value = as_bytes("text")},
                              {.value = as_bytes(four), .binary = true},
                              {.value = {}, .null = true},
                              {.value = {}}};
  append_bind(out, "p", "s", values, true);
  One bind(out);
  CHECK(bind->portal == "p");
  CHECK(bind->statement == "s");
  CHECK(bind->result_formats.binary(0));
  CHECK(bind->result_formats.binary(7));

  ParameterReader reader = bind->values();
  CHECK(reader.count() == 4);
  Parameter value;
  REQUIRE(reader.next(value));
  CHECK((as_text(value.value) == "text" && !value.binary && !value.null));
  REQUIRE(reader.next(value));
  CHECK((as_text(value.value) == four && value.binary));
  REQUIRE(reader.next(value));
  CHECK((value.null && value.value.empty()));
  REQUIRE(reader.next(value));
  CHECK((!value.null && value.value.empty()));
  CHECK_FALSE(reader.next(value));
}

TEST_CASE("frontend: a Bind's one format is all values' format") {
  One bind(framed('B', "\0\0\0\1\0\1\0\2\0\0\0\1a\0\0\0\1b\0\0"s));
  ParameterReader reader = bind->values();
  Parameter value;
  while (reader.next(value)) CHECK(value.binary);
  CHECK_FALSE(bind->result_formats.binary(3));
}

TEST_CASE("frontend: a Bind that does not add up is an error") {
  CHECK(parse_error(framed('B', "\0\0\0\1\0\2\0\0\0\0"s)) == "Bind: unknown parameter format");
  CHECK(parse_error(framed('B', "\0\0\0\1\1\0\0\0\0\0"s)) == "Bind: unknown parameter format");
  CHECK(parse_error(framed('B', "\0\0\0\0\0\0\0\1\0\2"s)) == "Bind: unknown result format");
  CHECK(parse_error(framed('B', "\0\0\0\2\0\0\0\0\0\1\0\0\0\0\0\0"s)) ==
        "parameter formats: their number is not that of the parameters");
  CHECK(parse_error(framed('B', "\0\0\0\0\0\1\xff\xff\xff\xfe\0\0"s)) ==
        "parameter: length below -1");
  CHECK(parse_error(framed('B', "\0\0\0\0\0\1\0\0\0\4abc"s)) == "parameter: beyond the message");
  CHECK(parse_error(framed('B', "\0\0\0\0\0\1\x7f\xff\xff\xff"s)) ==
        "parameter: beyond the message");
  CHECK(parse_error(framed('B', "\0\0\0\0\0\0\0\0x"s)) ==
        "Bind: fields do not fill the message exactly");
  CHECK(parse_error(framed('B', "\0"s)) == "parameter: beyond the message");
}

TEST_CASE("frontend: Describe and Close name a statement or a portal") {
  One portal(framed('D', "Pname\0"s));
  CHECK((portal->of_portal && portal->portal == "name" && portal->statement.empty()));
  One statement(framed('C', "S\0"s));
  CHECK((!statement->of_portal && statement->statement.empty()));
  CHECK(parse_error(framed('D', "Xname\0"s)) == "Describe or Close: neither statement nor portal");
  CHECK(parse_error(framed('D', "P")) == "Describe or Close: not one byte and one string");
  CHECK(parse_error(framed('C', "")) == "Describe or Close: not one byte and one string");
}

TEST_CASE("frontend: an Execute has a row limit, none where it is not positive") {
  CHECK(One(framed('E', "p\0\0\0\0\5"s))->max_rows == 5);
  CHECK(One(framed('E', "p\0\0\0\0\0"s))->max_rows == 0);
  CHECK(One(framed('E', "p\0\xff\xff\xff\xff"s))->max_rows == 0);
  CHECK(parse_error(framed('E', "p\0\0\0\0"s)) == "Execute: not one string and one number");
  CHECK(parse_error(framed('E', "p\0\0\0\0\0\0"s)) == "Execute: not one string and one number");
}

TEST_CASE("frontend: a FunctionCall has an OID, arguments and one result format") {
  One call(framed('F', "\0\0\3\xb9\0\1\0\1\0\1\0\0\0\4\0\0\0\7\0\1"s));
  CHECK(call->function == 953);
  CHECK(call->value_count == 1);
  CHECK(call->result_formats.binary(0));
  Parameter value;
  ParameterReader reader = call->values();
  REQUIRE(reader.next(value));
  CHECK((value.binary && value.value.size() == 4));

  CHECK(parse_error(framed('F', "\0\0\3\xb9\0\0\0\0\0\2"s)) ==
        "FunctionCall: unknown result format");
  CHECK(parse_error(framed('F', "\0\0\3\xb9\0\0\0\0"s)) ==
        "FunctionCall: fields do not fill the message exactly");
  CHECK(parse_error(framed('F', "\0\0\3\xb9\0\1\0\3\0\0\0\0"s)) ==
        "FunctionCall: unknown argument format");
}

TEST_CASE("frontend: messages without a body have none") {
  for (char type : "SHXc"s) {
    CAPTURE(type);
    One empty(framed(type, ""));
    CHECK(parse_error(framed(type, "x")) == "frontend message: a body where none belongs");
  }
}

TEST_CASE("frontend: a password comes once, and only when it is expected") {
  std::string out;
  append_password(out, "placeholder");
  CHECK(parse_error(out) == "PasswordMessage: none was asked for");

  FrontendParser parser;
  parser.expect_password();
  CHECK(parser.next(as_bytes(out)).kind == StepKind::kEvent);
  CHECK(as_text(parser.event().body) == "placeholder\0"s);
  CHECK(parser.next(as_bytes(out)).kind == StepKind::kError);
}

TEST_CASE("frontend: CopyData streams over message bounds") {
  const std::string input =
      framed('d', "one") + framed('d', "") + framed('d', "three") + framed('c', "");
  FrontendParser parser;
  Step step = parser.next(as_bytes(input));
  CHECK(step.kind == StepKind::kStream);
  CHECK(step.consumed == input.size() - 5);
  CHECK(parser.copy_bytes() == 8);
  CHECK_FALSE(parser.mid_message());
  CHECK_FALSE(parser.discard());
  step = parser.next(as_bytes(input).subspan(step.consumed));
  CHECK(step.kind == StepKind::kEvent);
  CHECK(parser.event().type == FrontendType::kCopyDone);
}

TEST_CASE("frontend: a part of CopyData streams before the rest is there") {
  const std::string input = framed('d', "abcdef");
  FrontendParser parser;
  CHECK(parser.next(as_bytes(input).first(4)).kind == StepKind::kNeedMore);
  CHECK(parser.next(as_bytes(input).first(7)).consumed == 7);
  CHECK(parser.mid_message());
  CHECK(parser.next({}).kind == StepKind::kNeedMore);
  CHECK(parser.next(as_bytes(input).subspan(7)).consumed == 4);
  CHECK_FALSE(parser.mid_message());
}

TEST_CASE("frontend: the rest of a CopyData is a step of its own") {
  const std::string input = framed('d', "abcdef") + framed('d', "next");
  FrontendParser parser;
  CHECK(parser.next(as_bytes(input).first(8)).consumed == 8);
  CHECK_FALSE(parser.continued());
  CHECK(parser.next(as_bytes(input).subspan(8)).consumed == 3);
  CHECK(parser.continued());
  CHECK(parser.next(as_bytes(input).subspan(11)).consumed == 9);
  CHECK_FALSE(parser.continued());
}

TEST_CASE("frontend: an event that waits is given again") {
  std::string input;
  append_query(input, "SELECT 1");
  FrontendParser parser;
  CHECK(parser.next(as_bytes(input)).kind == StepKind::kEvent);
  CHECK(parser.next(as_bytes(input)).kind == StepKind::kEvent);
  CHECK(parser.event().text == "SELECT 1");
}

TEST_CASE("frontend: CopyFail has a reason") {
  CHECK(One(framed('f', "why\0"s))->text == "why");
  CHECK(parse_error(framed('f', "why")) == "CopyFail: not one string and nothing else");
}
