// Each bound of the frontend parser: at it, one above it, and what a claim above it costs.
#include <catch2/catch.hpp>
#include <string>

#include "proto-parsers/postgres/encode.h"
#include "proto-parsers/postgres/frontend.h"
#include "tests/unit/postgres/framed.h"

using namespace chaperone;
using namespace chaperone::pg;

namespace {

StepKind first_step(const std::string& input) {
  FrontendParser parser;
  return parser.next(as_bytes(input)).kind;
}

}  // namespace

TEST_CASE("frontend: an unknown type fails at its head") {
  for (int type = 0; type < 256; ++type) {
    const bool known =
        std::string_view("BCdcfDEHFPQSX").find(static_cast<char>(type)) != std::string_view::npos;
    CAPTURE(type);
    const bool failed = first_step(head(static_cast<char>(type), 9)) == StepKind::kError;
    CHECK(failed == !known);
  }
}

TEST_CASE("frontend: a length below 4 fails") {
  for (char type : std::string_view("BCdcfDEHFPQSX")) {
    CHECK(first_step(head(type, 3)) == StepKind::kError);
    CHECK(first_step(head(type, 0)) == StepKind::kError);
  }
}

TEST_CASE("frontend: a length above the server's own limit fails at the head") {
  for (char type : std::string_view("CDEfHS")) {
    CAPTURE(type);
    CHECK(first_step(head(type, kSmallMessageBytesMax)) == StepKind::kNeedMore);
    CHECK(first_step(head(type, kSmallMessageBytesMax + 1)) == StepKind::kError);
  }
  for (char type : std::string_view("QPBFd")) {
    CAPTURE(type);
    CHECK(first_step(head(type, kLargeMessageBytesMax + 1)) == StepKind::kError);
    CHECK(first_step(head(type, 0xffffffff)) == StepKind::kError);
  }
  CHECK(first_step(head('d', kLargeMessageBytesMax)) == StepKind::kStream);
}

TEST_CASE("frontend: a statement at its limit is whole, one byte more is oversized") {
  const FrontendLimits limits{.statement_bytes = 100};
  std::string fits;
  append_query(fits, std::string(100, 'x'));
  FrontendParser parser(limits);
  CHECK(parser.next(as_bytes(fits)).consumed == fits.size());
  CHECK_FALSE(parser.event().oversized);

  std::string over;
  append_query(over, std::string(101, 'x'));
  append_sync(over);
  Step step = parser.next(as_bytes(over));
  REQUIRE(step.kind == StepKind::kEvent);
  CHECK(step.consumed == 5);
  CHECK(parser.event().oversized);
  CHECK(parser.event().text.empty());
  CHECK(parser.event().type == FrontendType::kQuery);
  CHECK(parser.event().declared_bytes == over.size() - 5);
  CHECK(parser.mid_message());

  step = parser.next(as_bytes(over).subspan(5));
  CHECK(step.kind == StepKind::kStream);
  CHECK(step.consumed == over.size() - 10);
  CHECK(parser.discard());
  CHECK(parser.copy_bytes() == 0);
  CHECK(parser.next(as_bytes(over).last(5)).kind == StepKind::kEvent);
  CHECK(parser.event().type == FrontendType::kSync);
}

TEST_CASE("frontend: a Parse whose text alone is too long is oversized too") {
  FrontendParser parser({.statement_bytes = 100});
  std::string over;
  append_parse(over, "name", std::string(101, 'x'));
  Step step = parser.next(as_bytes(over));
  CHECK(step.consumed == 5);
  CHECK(parser.event().oversized);
  CHECK(parser.event().text.empty());
  step = parser.next(as_bytes(over).subspan(5));
  CHECK((step.consumed == over.size() - 5 && parser.discard()));

  std::string fits;
  append_parse(fits, "name", std::string(100, 'x'));
  CHECK(parser.next(as_bytes(fits)).consumed == fits.size());
  CHECK_FALSE(parser.event().oversized);
}

TEST_CASE("frontend: a Bind or FunctionCall above its limit is oversized at the head") {
  for (char type : std::string_view("BF")) {
    FrontendParser parser({.bind_bytes = 50});
    CHECK(parser.next(as_bytes(head(type, 49))).kind == StepKind::kNeedMore);
    CHECK(parser.wanted() == 50);
    CHECK(parser.next(as_bytes(head(type, 50))).kind == StepKind::kEvent);
    CHECK(parser.event().oversized);
  }
}

TEST_CASE("frontend: what is wanted never goes above the limits") {
  FrontendParser parser;
  CHECK(parser.next(as_bytes(head('Q', kLargeMessageBytesMax))).kind == StepKind::kEvent);
  CHECK(parser.event().oversized);

  FrontendParser other;
  const std::string fits = head('Q', kStatementBytesMax + 5);
  CHECK(other.next(as_bytes(fits)).kind == StepKind::kNeedMore);
  CHECK(other.wanted() == kStatementBytesMax + 6);
}

TEST_CASE("frontend: a password has a limit") {
  FrontendParser parser;
  parser.expect_password();
  CHECK(parser.next(as_bytes(head('p', kPasswordBytesMax))).kind == StepKind::kNeedMore);
  CHECK(parser.next(as_bytes(head('p', kPasswordBytesMax + 1))).kind == StepKind::kError);
}
