#include "proto-parsers/postgres/backend.h"

#include <catch2/catch.hpp>
#include <string>

#include "tests/unit/postgres/framed.h"

using namespace chaperone;
using namespace chaperone::pg;
using namespace std::string_literals;

namespace {

std::string parse_error(const std::string& input) {
  BackendParser parser;
  const Step step = parser.next(as_bytes(input));
  if (step.kind != StepKind::kError) return "no error";
  CHECK(parser.next(as_bytes(input)).kind == StepKind::kError);
  return parser.error().reason;
}

// Owns the bytes that its event is cut from.
struct One {
  std::string input;
  BackendParser parser;
  explicit One(std::string bytes) : input(std::move(bytes)) {
    const Step step = parser.next(as_bytes(input));
    REQUIRE(step.kind == StepKind::kEvent);
    REQUIRE(step.consumed == input.size());
  }
  const BackendMessage* operator->() const { return &parser.event(); }
};

}  // namespace

TEST_CASE("backend: a tag's last number is its rows") {
  CHECK(One(framed('C', "SELECT 12\0"s))->rows == 12);
  CHECK(One(framed('C', "INSERT 0 3\0"s))->rows == 3);
  CHECK_FALSE(One(framed('C', "CREATE TABLE\0"s))->rows);
  CHECK_FALSE(One(framed('C', "BEGIN\0"s))->rows);
  CHECK_FALSE(One(framed('C', "X 99999999999999999999999\0"s))->rows);
  CHECK(One(framed('C', "SELECT 12\0"s))->text == "SELECT 12");
  CHECK(parse_error(framed('C', "SELECT 12")) != "no error");
}

TEST_CASE("backend: an error's fields are found by their letter") {
  One error(framed('E', "SFEHLER\0VERROR\0C42P01\0Mno such table\0Hcreate it\0\0"s));
  CHECK(error->fields.severity() == "ERROR");
  CHECK(error->fields.sqlstate() == "42P01");
  CHECK(error->fields.message() == "no such table");
  CHECK(error->fields.get('H') == "create it");
  CHECK(error->fields.get('D').empty());
  CHECK(One(framed('N', "SWARNING\0\0"s))->fields.severity() == "WARNING");
  CHECK(One(framed('E', "\0"s))->fields.message().empty());
  CHECK(parse_error(framed('E', "SERROR\0"s)) != "no error");
  CHECK(parse_error(framed('E', "SERROR"s)) != "no error");
  CHECK(parse_error(framed('E', "\0x"s)) != "no error");
  CHECK(parse_error(framed('E', "")) != "no error");
}

TEST_CASE("backend: ReadyForQuery has a status that is known") {
  CHECK(One(framed('Z', "I"))->status == TransactionStatus::kIdle);
  CHECK(One(framed('Z', "T"))->status == TransactionStatus::kInBlock);
  CHECK(One(framed('Z', "E"))->status == TransactionStatus::kFailed);
  CHECK(parse_error(framed('Z', "X")) == "ReadyForQuery: unknown transaction status");
  CHECK(parse_error(framed('Z', "II")) == "ReadyForQuery: not one byte");
}

TEST_CASE("backend: columns are described") {
  const std::string column = "id\0\0\0\x40\0\0\1\0\0\0\x17\0\4\xff\xff\xff\xff\0\1"s;
  One row(framed('T', "\0\1"s + column));
  CHECK(row->count == 1);
  ColumnReader reader = row->columns();
  ColumnDescription description;
  REQUIRE(reader.next(description));
  CHECK(description.name == "id");
  CHECK((description.table == 0x4000 && description.column == 1 && description.type == 23));
  CHECK((description.type_size == 4 && description.type_modifier == -1 && description.binary));
  CHECK_FALSE(reader.next(description));
  CHECK(One(framed('T', "\0\0"s))->count == 0);
  CHECK(parse_error(framed('T', "\0\2"s + column)) == "RowDescription: columns do not fit");
  CHECK(parse_error(framed('T', "\0\1"s + column + "x")) == "RowDescription: columns do not fit");
}

TEST_CASE("backend: rows stream, many at a step") {
  const std::string row = framed('D', "\0\1\0\0\0\1a"s);
  const std::string input = row + row + row + framed('C', "SELECT 3\0"s);
  BackendParser parser;
  const Step step = parser.next(as_bytes(input));
  CHECK(step.kind == StepKind::kStream);
  CHECK(step.consumed == 3 * row.size());
  CHECK(parser.stream_type() == BackendType::kDataRow);
  CHECK(parser.counts().rows == 3);
  CHECK(parser.counts().row_bytes == 3 * (row.size() - 5));
  CHECK(parser.take_counts().rows == 3);
  CHECK(parser.counts().rows == 0);
  CHECK(parser.next(as_bytes(input).subspan(step.consumed)).kind == StepKind::kEvent);
}

TEST_CASE("backend: a huge row streams in parts") {
  BackendParser parser;
  CHECK(parser.next(as_bytes(head('D', kLargeMessageBytesMax))).consumed == 5);
  CHECK(parser.mid_message());
  CHECK(parser.counts().rows == 1);
  const std::string part(100000, 'x');
  CHECK(parser.next(as_bytes(part)).consumed == part.size());
  CHECK(parser.mid_message());
  CHECK(parse_error(head('D', kLargeMessageBytesMax + 1)) != "no error");
  CHECK(parse_error(head('D', 5)) == "DataRow or CopyData: too short");
  CHECK(parse_error(head('d', 3)) == "DataRow or CopyData: too short");
}

TEST_CASE("backend: a bad row behind good ones fails after them") {
  const std::string row = framed('D', "\0\0"s);
  BackendParser parser;
  const std::string input = row + head('D', 0);
  const Step step = parser.next(as_bytes(input));
  CHECK(step.consumed == row.size());
  CHECK(parser.next(as_bytes(input).subspan(step.consumed)).kind == StepKind::kError);
}

TEST_CASE("backend: rows and COPY data do not share a step") {
  const std::string input = framed('d', "one") + framed('d', "four") + framed('D', "\0\0"s);
  BackendParser parser;
  const Step step = parser.next(as_bytes(input));
  CHECK(parser.stream_type() == BackendType::kCopyData);
  CHECK((parser.counts().copies == 2 && parser.counts().copy_bytes == 7));
  parser.next(as_bytes(input).subspan(step.consumed));
  CHECK(parser.stream_type() == BackendType::kDataRow);
}

TEST_CASE("backend: rows are events in the row mode for masking") {
  BackendParser parser;
  parser.set_row_mode(RowMode::kEvents);
  const std::string input = framed('D', "\0\3\0\0\0\1a\xff\xff\xff\xff\0\0\0\0"s);
  REQUIRE(parser.next(as_bytes(input)).kind == StepKind::kEvent);
  CHECK(parser.event().count == 3);
  ValueReader reader = parser.event().values();
  Bytes value;
  bool null = false;
  REQUIRE(reader.next(value, null));
  CHECK((as_text(value) == "a" && !null));
  REQUIRE(reader.next(value, null));
  CHECK(null);
  REQUIRE(reader.next(value, null));
  CHECK((value.empty() && !null));
  CHECK_FALSE(reader.next(value, null));
  CHECK(parser.counts().rows == 1);

  for (const std::string& bad :
       {"\0\1"s, "\0\1\0\0\0\2a"s, "\0\1\0\0\0\1ab"s, "\0\0x"s, "\0\1\xff\xff\xff\xfe"s}) {
    BackendParser strict;
    strict.set_row_mode(RowMode::kEvents);
    CHECK(strict.next(as_bytes(framed('D', bad))).kind == StepKind::kError);
  }
  BackendParser bounded;
  bounded.set_row_mode(RowMode::kEvents);
  CHECK(bounded.next(as_bytes(head('D', kRowBytesMax))).kind == StepKind::kNeedMore);
  CHECK(bounded.next(as_bytes(head('D', kRowBytesMax + 1))).kind == StepKind::kError);
}

TEST_CASE("backend: a reply is bounded") {
  BackendParser parser;
  CHECK(parser.next(as_bytes(head('T', kReplyBytesMax))).kind == StepKind::kNeedMore);
  CHECK(parser.wanted() == kReplyBytesMax + 1);
  CHECK(parse_error(head('T', kReplyBytesMax + 1)) ==
        "backend message: longer than a reply may be");
  CHECK(parse_error(head('T', 3)) == "backend message: length below 4");
}

TEST_CASE("backend: an unknown type fails at its head") {
  for (int type = 0; type < 256; ++type) {
    const bool known = std::string_view("RKC23WdcGHDIEVvnNAtS1sZT").find(static_cast<char>(type)) !=
                       std::string_view::npos;
    CAPTURE(type);
    CHECK((parse_error(head(static_cast<char>(type), 100)) == "no error") == known);
  }
}

TEST_CASE("backend: login messages") {
  One md5(framed('R', "\0\0\0\5salt"s));
  CHECK(md5->authentication == AuthenticationCode::kMd5Password);
  CHECK(as_text(md5->data) == "salt");
  CHECK(One(framed('R', "\0\0\0\0"s))->authentication == AuthenticationCode::kOk);
  CHECK(parse_error(framed('R', "\0\0\0\1"s)) == "Authentication: unknown code");
  CHECK(parse_error(framed('R', "\0\0\0\0x"s)) == "Authentication: bytes behind the code");
  CHECK(parse_error(framed('R', "\0\0\0\5sal"s)) != "no error");
  CHECK(parse_error(framed('R', "\0\0"s)) != "no error");

  CHECK(One(framed('K', "\0\0\1\0secr"s))->number == 256);
  CHECK(One(framed('K', "pid." + std::string(256, 'k')))->data.size() == 256);
  CHECK(parse_error(framed('K', "pid." + std::string(257, 'k'))) != "no error");
  CHECK(parse_error(framed('K', "pid.sec")) != "no error");

  One status(framed('S', "TimeZone\0UTC\0"s));
  CHECK((status->text == "TimeZone" && status->value == "UTC"));
  CHECK(parse_error(framed('S', "TimeZone\0UTC"s)) != "no error");

  One version(framed('v', "\0\3\0\2\0\0\0\1_pq_.x\0"s));
  CHECK((version->number == 2 && version->count == 1));
  CHECK(parse_error(framed('v', "\0\3\0\2\xff\xff\xff\xff_pq_.x\0"s)) != "no error");
  CHECK(parse_error(framed('v', "\0\3\0\2\0\0\0\0x"s)) != "no error");
}

TEST_CASE("backend: the other replies") {
  CHECK(One(framed('H', "\1\0\2\0\1\0\1"s))->binary);
  CHECK(One(framed('G', "\0\0\1\0\0"s))->count == 1);
  CHECK(parse_error(framed('G', "\2\0\0"s)) != "no error");
  CHECK(parse_error(framed('W', "\0\0\1"s)) != "no error");

  CHECK(One(framed('t', "\0\1\0\0\0\x17"s))->count == 1);
  CHECK(parse_error(framed('t', "\0\2\0\0\0\x17"s)) != "no error");

  One notification(framed('A', "\0\0\0\7channel\0payload\0"s));
  CHECK((notification->number == 7 && notification->text == "channel"));
  CHECK(notification->value == "payload");
  CHECK(parse_error(framed('A', "\0\0\0\7channel\0"s)) != "no error");

  CHECK(as_text(One(framed('V', "\0\0\0\2ab"s))->data) == "ab");
  CHECK(One(framed('V', "\xff\xff\xff\xff"s))->null);
  CHECK(parse_error(framed('V', "\0\0\0\3ab"s)) != "no error");
  CHECK(parse_error(framed('V', "\xff\xff\xff\xfe"s)) != "no error");

  for (char type : "123cInsI"s.substr(0, 7)) {
    CHECK(One(framed(type, ""))->body.empty());
    CHECK(parse_error(framed(type, "x")) != "no error");
  }
}
