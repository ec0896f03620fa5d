// What the encoders write, read back by the parser of the other side.
#include "proto-parsers/postgres/encode.h"

#include <catch2/catch.hpp>
#include <string>

#include "proto-parsers/postgres/backend.h"
#include "proto-parsers/postgres/frontend.h"

using namespace chaperone;
using namespace chaperone::pg;
using namespace std::string_literals;
using namespace std::string_view_literals;

namespace {

struct FromServer {
  std::string bytes;
  BackendParser parser;
  const BackendMessage& read() {
    const Step step = parser.next(as_bytes(bytes));
    REQUIRE(step.kind == StepKind::kEvent);
    REQUIRE(step.consumed == bytes.size());
    return parser.event();
  }
};

struct FromClient {
  std::string bytes;
  FrontendParser parser;
  const FrontendMessage& read() {
    parser.expect_password();
    const Step step = parser.next(as_bytes(bytes));
    REQUIRE(step.kind == StepKind::kEvent);
    REQUIRE(step.consumed == bytes.size());
    return parser.event();
  }
};

}  // namespace

TEST_CASE("encode: an error has the fields that were given") {
  FromServer server;
  append_error(server.bytes, {.sqlstate = "42501",
                              .message = "refused",
                              .detail = "why",
                              .hint = "what to do",
                              .table = "t",
                              .position = 12});
  const ErrorFields fields = server.read().fields;
  CHECK(fields.get('S') == "ERROR");
  CHECK(fields.get('V') == "ERROR");
  CHECK(fields.sqlstate() == "42501");
  CHECK(fields.message() == "refused");
  CHECK(fields.get('D') == "why");
  CHECK(fields.get('H') == "what to do");
  CHECK(fields.get('t') == "t");
  CHECK(fields.get('P') == "12");
  CHECK(fields.get('s').empty());
}

TEST_CASE("encode: a zero byte in a text cannot forge a field") {
  FromServer server;
  append_error(server.bytes, {.sqlstate = "42501", .message = "a\0Hforged"sv});
  CHECK(server.read().fields.message() == "a");
  CHECK(server.parser.event().fields.get('H').empty());
}

TEST_CASE("encode: the server's other messages") {
  const auto type_of = [](auto&& append) {
    FromServer server;
    append(server.bytes);
    return server.read().type;
  };
  CHECK(type_of([](auto& o) { append_notice(o, {.severity = "NOTICE"}); }) ==
        BackendType::kNoticeResponse);
  CHECK(type_of([](auto& o) { append_authentication_ok(o); }) == BackendType::kAuthentication);
  CHECK(type_of([](auto& o) { append_authentication_cleartext(o); }) ==
        BackendType::kAuthentication);
  const std::uint8_t salt[] = {1, 2, 3, 4};
  CHECK(type_of([&](auto& o) { append_authentication_md5(o, salt); }) ==
        BackendType::kAuthentication);
  CHECK(type_of([](auto& o) { append_ready_for_query(o, TransactionStatus::kInBlock); }) ==
        BackendType::kReadyForQuery);
  CHECK(type_of([](auto& o) { append_parameter_status(o, "a", "b"); }) ==
        BackendType::kParameterStatus);
  CHECK(type_of([](auto& o) { append_backend_key_data(o, 7, as_bytes("secret")); }) ==
        BackendType::kBackendKeyData);
  CHECK(type_of([](auto& o) { append_command_complete(o, "SELECT 1"); }) ==
        BackendType::kCommandComplete);
  CHECK(type_of([](auto& o) { append_empty(o, BackendType::kNoData); }) == BackendType::kNoData);
  const std::string_view names[] = {"_pq_.a", "_pq_.b"};
  FromServer server;
  append_negotiate_protocol_version(server.bytes, 2, names);
  CHECK(server.read().number == 2);
  CHECK(server.parser.event().count == 2);
  FromServer sasl;
  const std::string_view mechanisms[] = {"SCRAM-SHA-256"};
  append_authentication_sasl(sasl.bytes, mechanisms);
  CHECK(as_text(sasl.read().data) == "SCRAM-SHA-256\0\0"s);
}

TEST_CASE("encode: the client's messages") {
  const auto type_of = [](auto&& append) {
    FromClient client;
    append(client.bytes);
    return client.read().type;
  };
  CHECK(type_of([](auto& o) { append_describe(o, true, "p"); }) == FrontendType::kDescribe);
  CHECK(type_of([](auto& o) { append_close(o, false, "s"); }) == FrontendType::kClose);
  CHECK(type_of([](auto& o) { append_execute(o, "", 5); }) == FrontendType::kExecute);
  CHECK(type_of([](auto& o) { append_sync(o); }) == FrontendType::kSync);
  CHECK(type_of([](auto& o) { append_flush(o); }) == FrontendType::kFlush);
  CHECK(type_of([](auto& o) { append_copy_done(o); }) == FrontendType::kCopyDone);
  CHECK(type_of([](auto& o) { append_copy_fail(o, "why"); }) == FrontendType::kCopyFail);
  CHECK(type_of([](auto& o) { append_terminate(o); }) == FrontendType::kTerminate);
  CHECK(type_of([](auto& o) { append_password(o, "p"); }) == FrontendType::kPassword);
  FromClient sasl;
  append_sasl_initial_response(sasl.bytes, "SCRAM-SHA-256", as_bytes("n,,"));
  CHECK(as_text(sasl.read().body) == "SCRAM-SHA-256\0\0\0\0\3n,,"s);
}

TEST_CASE("encode: what stands in for a refused command") {
  FromClient query;
  append_refused_query(query.bytes);
  CHECK(query.read().text == kRefusedStatement);
  FromClient parse;
  append_refused_extended(parse.bytes);
  CHECK(parse.read().text == kRefusedStatement);
  CHECK_FALSE(parse.parser.event().statement.empty());
}
