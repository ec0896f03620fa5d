#include "sidecar/session/login.h"

#include <catch2/catch.hpp>
#include <string>

#include "proto-parsers/postgres/encode.h"
#include "proto-parsers/postgres/frontend.h"

using namespace chaperone;
using namespace std::string_literals;

namespace {

LoginPlan plan(LoginFloor floor = LoginFloor::kAny, bool over_tls = false) {
  LoginPlan out;
  out.role = "app";
  out.database = "shop";
  out.password = Secret("pencil");
  out.floor = floor;
  out.over_tls = over_tls;
  return out;
}

// Feeds what a server would send; keeps what the login answers.
struct Talk {
  UpstreamLogin login;
  std::string sent;
  explicit Talk(LoginPlan p) : login(std::move(p), nullptr) { REQUIRE(login.start()); }

  LoginStep feed(const std::string& bytes) {
    pg::BackendParser parser;
    LoginStep last = LoginStep::kGoOn;
    for (std::size_t at = 0; at < bytes.size() && last == LoginStep::kGoOn;) {
      const Step step = parser.next(as_bytes(bytes).subspan(at));
      REQUIRE(step.kind == StepKind::kEvent);
      sent.clear();
      last = login.step(parser.event(), sent);
      at += step.consumed;
    }
    return last;
  }
  std::string failure() const { return login.error().message; }
};

std::string ok() {
  std::string out;
  pg::append_authentication_ok(out);
  return out;
}
std::string cleartext() {
  std::string out;
  pg::append_authentication_cleartext(out);
  return out;
}
std::string md5() {
  std::string out;
  const std::uint8_t salt[] = {1, 2, 3, 4};
  pg::append_authentication_md5(out, salt);
  return out;
}
std::string sasl(std::initializer_list<std::string_view> mechanisms) {
  std::string out;
  pg::append_authentication_sasl(out, {mechanisms.begin(), mechanisms.size()});
  return out;
}
std::string rest(std::size_t key_bytes = 4) {
  std::string out;
  pg::append_parameter_status(out, "TimeZone", "UTC");
  pg::append_parameter_status(out, "TimeZone", "CET");
  pg::append_backend_key_data(out, 77, as_bytes(std::string(key_bytes, 'k')));
  pg::append_ready_for_query(out, pg::TransactionStatus::kIdle);
  return out;
}
std::string negotiate(std::uint16_t minor) {
  std::string out;
  pg::append_negotiate_protocol_version(out, minor, {});
  return out;
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("login: the startup packet says who and where") {
  LoginPlan p = plan();
  p.settings = {{"application_name", "chaperone"}};
  UpstreamLogin login(std::move(p), nullptr);
  auto packet = login.start();
  REQUIRE(packet);
  CHECK(packet->substr(4) == "\0\3\0\2user\0app\0database\0shop\0application_name\0chaperone\0\0"s);

  LoginPlan nobody = plan();
  nobody.role = "";
  CHECK_FALSE(UpstreamLogin(std::move(nobody), nullptr).start());
  LoginPlan zero = plan();
  zero.database = "a\0b"s;
  CHECK_FALSE(UpstreamLogin(std::move(zero), nullptr).start());
  LoginPlan large = plan();
  large.settings = {{"search_path", std::string(kStartupBytesMax, 'x')}};
  CHECK_FALSE(UpstreamLogin(std::move(large), nullptr).start());
}

TEST_CASE("login: trust, where it is allowed") {
  Talk talk(plan());
  CHECK(talk.feed(ok() + rest()) == LoginStep::kDone);
  const LoginResult result = talk.login.take_result();
  CHECK(result.method == "trust");
  CHECK(result.pid == 77);
  CHECK(result.cancel_secret.view() == "kkkk");
  REQUIRE(result.parameters.size() == 1);
  CHECK(result.parameters[0].value == "CET");

  Talk strict(plan(LoginFloor::kMd5));
  CHECK(strict.feed(ok()) == LoginStep::kFailed);
  CHECK(has(strict.failure(), "no proof at all"));
}

TEST_CASE("login: a client certificate stands above every floor, over TLS") {
  for (bool over_tls : {true, false}) {
    LoginPlan p = plan(LoginFloor::kScramPlus, over_tls);
    p.client_certificate = true;
    Talk talk(std::move(p));
    const LoginStep wanted = over_tls ? LoginStep::kGoOn : LoginStep::kFailed;
    CHECK(talk.feed(ok()) == wanted);
    if (over_tls) {
      REQUIRE(talk.feed(rest()) == LoginStep::kDone);
      CHECK(talk.login.take_result().method == "certificate");
    }
  }
}

TEST_CASE("login: the password in clear, over TLS only") {
  Talk talk(plan(LoginFloor::kAny, true));
  CHECK(talk.feed(cleartext()) == LoginStep::kGoOn);
  CHECK(has(talk.sent, "pencil"));
  CHECK(talk.feed(ok() + rest()) == LoginStep::kDone);
  CHECK(talk.login.take_result().method == "cleartext");

  Talk bare(plan());
  CHECK(bare.feed(cleartext()) == LoginStep::kFailed);
  CHECK(has(bare.failure(), "without TLS"));
  CHECK(bare.sent.empty());
  Talk strict(plan(LoginFloor::kMd5, true));
  CHECK(strict.feed(cleartext()) == LoginStep::kFailed);
  CHECK(strict.sent.empty());
}

TEST_CASE("login: MD5 as the server computes it") {
  Talk talk(plan(LoginFloor::kMd5));
  CHECK(talk.feed(md5()) == LoginStep::kGoOn);
  // md5(md5("pencilapp") || 01020304), by another program
  CHECK(talk.sent ==
        "p\0\0\0\x28md5"
        "4bfca4ca571b8df74c2fc2247888d96f\0"s);
  CHECK(talk.feed(ok() + rest()) == LoginStep::kDone);

  Talk strict(plan(LoginFloor::kScram));
  CHECK(strict.feed(md5()) == LoginStep::kFailed);
  CHECK(has(strict.failure(), "an MD5 proof"));
}

TEST_CASE("login: SCRAM chooses the strongest that both can") {
  Talk plain(plan(LoginFloor::kScram));
  CHECK(plain.feed(sasl({"SCRAM-SHA-256"})) == LoginStep::kGoOn);
  CHECK(has(plain.sent, "SCRAM-SHA-256\0"s));
  CHECK(has(plain.sent, "n,,n=,r="));

  LoginPlan bound = plan(LoginFloor::kScram, true);
  bound.end_point_hash = "hash";
  Talk plus(std::move(bound));
  CHECK(plus.feed(sasl({"SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"})) == LoginStep::kGoOn);
  CHECK(has(plus.sent, "SCRAM-SHA-256-PLUS"));
  CHECK(has(plus.sent, "p=tls-server-end-point,,"));

  LoginPlan able = plan(LoginFloor::kScram, true);
  able.end_point_hash = "hash";
  Talk stripped(std::move(able));
  CHECK(stripped.feed(sasl({"SCRAM-SHA-256"})) == LoginStep::kGoOn);
  CHECK(has(stripped.sent, "y,,n="));
}

TEST_CASE("login: SCRAM below the floor, or unknown, is refused") {
  LoginPlan able = plan(LoginFloor::kScramPlus, true);
  able.end_point_hash = "hash";
  Talk stripped(std::move(able));
  CHECK(stripped.feed(sasl({"SCRAM-SHA-256"})) == LoginStep::kFailed);
  Talk unknown(plan());
  CHECK(unknown.feed(sasl({"OAUTHBEARER"})) == LoginStep::kFailed);
  Talk only_plus(plan());
  CHECK(only_plus.feed(sasl({"SCRAM-SHA-256-PLUS"})) == LoginStep::kFailed);
  Talk none(plan());
  CHECK(none.feed(sasl({})) == LoginStep::kFailed);
}

TEST_CASE("login: a server that skips its own proof is refused") {
  Talk talk(plan(LoginFloor::kScram));
  REQUIRE(talk.feed(sasl({"SCRAM-SHA-256"})) == LoginStep::kGoOn);
  CHECK(talk.feed(ok()) == LoginStep::kFailed);
  CHECK(has(talk.failure(), "without proving"));
}

TEST_CASE("login: proofs are given once and in turn") {
  Talk twice(plan(LoginFloor::kAny, true));
  REQUIRE(twice.feed(md5()) == LoginStep::kGoOn);
  CHECK(twice.feed(cleartext()) == LoginStep::kFailed);
  CHECK(twice.sent.empty());

  Talk mixed(plan(LoginFloor::kAny, true));
  REQUIRE(mixed.feed(sasl({"SCRAM-SHA-256"})) == LoginStep::kGoOn);
  CHECK(mixed.feed(cleartext()) == LoginStep::kFailed);

  Talk early(plan());
  CHECK(early.feed(rest()) == LoginStep::kFailed);
  Talk again(plan());
  CHECK(again.feed(ok() + ok()) == LoginStep::kFailed);
}

TEST_CASE("login: a password that is not there") {
  LoginPlan p = plan();
  p.password = Secret();
  Talk talk(std::move(p));
  CHECK(talk.feed(md5()) == LoginStep::kFailed);
  CHECK(has(talk.failure(), "name a credential"));
}

TEST_CASE("login: the server's error is passed on in words") {
  std::string bytes;
  pg::append_error(bytes, {.severity = "FATAL", .sqlstate = "28P01", .message = "no entry"});
  Talk talk(plan());
  CHECK(talk.feed(bytes) == LoginStep::kFailed);
  CHECK(talk.login.sqlstate() == "28P01");
  CHECK(
      talk.failure() ==
      "upstream login as role \"app\" to database \"shop\": the server says FATAL 28P01: no entry");
  CHECK_FALSE(has(talk.failure(), "pencil"));
}

TEST_CASE("login: versions and cancel keys") {
  Talk old(plan());
  CHECK(old.feed(negotiate(0) + ok() + rest()) == LoginStep::kDone);
  CHECK(old.login.take_result().minor == 0);
  Talk newer(plan());
  CHECK(newer.feed(ok() + rest(32)) == LoginStep::kDone);
  CHECK(newer.login.take_result().cancel_secret.view().size() == 32);
  Talk lying(plan());
  CHECK(lying.feed(negotiate(0) + ok() + rest(32)) == LoginStep::kFailed);
  Talk upward(plan());
  CHECK(upward.feed(negotiate(2)) == LoginStep::kFailed);
}

TEST_CASE("login: nothing else belongs to it") {
  std::string bytes;
  pg::append_command_complete(bytes, "SELECT 1");
  Talk talk(plan());
  CHECK(talk.feed(ok() + bytes) == LoginStep::kFailed);
  std::string busy;
  pg::append_ready_for_query(busy, pg::TransactionStatus::kInBlock);
  Talk block(plan());
  CHECK(block.feed(ok() + busy) == LoginStep::kFailed);
}
