#include "proto-parsers/postgres/startup.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

using namespace chaperone;
using namespace chaperone::pg;
using namespace std::string_literals;

namespace {

std::string packet(const std::string& body) {
  const auto length = static_cast<std::uint32_t>(body.size() + 4);
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(length >> shift));
  return out + body;
}

std::string startup(const std::string& parameters, char minor = 0) {
  return packet("\0\3\0"s + minor + parameters);
}

std::string error_of(const std::string& input) {
  StartupParser parser;
  return parser.next(as_bytes(input)).kind == StepKind::kError ? parser.error().reason : "";
}

const std::string kSsl = packet("\x04\xd2\x16\x2f");
const std::string kGss = packet("\x04\xd2\x16\x30");
const std::string kCancel = "\x04\xd2\x16\x2e";

}  // namespace

TEST_CASE("startup: a startup packet gives its parameters") {
  const std::string input = startup("user\0ann\0database\0shop\0application_name\0\0\0"s);
  StartupParser parser;
  for (std::size_t size = 0; size < input.size(); ++size) {
    REQUIRE(parser.next(as_bytes(input).first(size)).kind == StepKind::kNeedMore);
  }
  const Step step = parser.next(as_bytes(input));
  REQUIRE(step.kind == StepKind::kEvent);
  CHECK(step.consumed == input.size());
  const StartupPacket& event = parser.event();
  CHECK(event.kind == StartupKind::kStartup);
  CHECK((event.major == 3 && event.minor == 0));
  CHECK(event.get("user") == "ann");
  CHECK(event.get("database") == "shop");
  CHECK(event.all().size() == 3);
  CHECK(parser.next(as_bytes("x")).kind == StepKind::kError);
}

TEST_CASE("startup: requests for TLS and GSS come once each, and not within TLS") {
  StartupParser parser;
  CHECK(parser.next(as_bytes(kGss)).consumed == 8);
  CHECK(parser.event().kind == StartupKind::kGssRequest);
  CHECK(parser.next(as_bytes(kSsl)).consumed == 8);
  CHECK(parser.event().kind == StartupKind::kSslRequest);
  CHECK(parser.next(as_bytes(kSsl)).kind == StepKind::kError);

  StartupParser twice;
  CHECK(twice.next(as_bytes(kGss)).kind == StepKind::kEvent);
  CHECK(twice.next(as_bytes(kGss)).kind == StepKind::kError);

  StartupParser within;
  within.on_tls();
  CHECK(within.next(as_bytes(kGss)).kind == StepKind::kError);
}

TEST_CASE("startup: requests have their exact length") {
  CHECK(error_of(packet("\x04\xd2\x16\x2fx")) == "SSLRequest: bytes behind its code");
  CHECK(error_of(packet("\x04\xd2\x16\x30x")) == "GSSENCRequest: bytes behind its code");
}

TEST_CASE("startup: a cancel request has a pid and a key of 4 to 256 bytes") {
  StartupParser parser;
  const std::string input = packet(kCancel + "\0\0\1\2keyy"s);
  CHECK(parser.next(as_bytes(input)).kind == StepKind::kEvent);
  CHECK(parser.event().cancel_pid == 258);
  CHECK(as_text(parser.event().cancel_secret) == "keyy");

  const std::string reason = "CancelRequest: the key is not 4 to 256 bytes long";
  CHECK(error_of(packet(kCancel + "\0\0\1\2key"s)) == reason);
  CHECK(error_of(packet(kCancel + "\0\0\1\2"s)) == reason);
  CHECK(error_of(packet(kCancel + "pid.")) == reason);
  CHECK(error_of(packet(kCancel + "pid." + std::string(kCancelKeyBytesMax, 'k'))).empty());
  CHECK(error_of(packet(kCancel + "pid." + std::string(kCancelKeyBytesMax + 1, 'k'))) == reason);

  std::string out;
  append_cancel_request(out, 258, as_bytes("keyy"));
  CHECK(out == input);
}

TEST_CASE("startup: the layout is checked to its last byte") {
  CHECK(error_of(startup("user\0ann\0\0x"s)) == "startup: bytes behind the terminator");
  CHECK(error_of(startup("user\0ann\0"s)) == "startup: a parameter without an end");
  CHECK(error_of(startup("user\0ann"s)) == "startup: a parameter without a value");
  CHECK(error_of(startup("user")) == "startup: a parameter without an end");
  CHECK(error_of(startup("")) == "startup: a parameter without an end");
  CHECK(error_of(startup("user\0a\0user\0b\0\0"s)) == "startup: a parameter comes twice");
}

TEST_CASE("startup: the length is bounded") {
  CHECK_FALSE(error_of("\0\0\0\7"s).empty());
  CHECK_FALSE(error_of("\0\0\x27\x15"s).empty());  // 10005
  CHECK(error_of("\0\0\x27\x14"s).empty());
  CHECK_FALSE(error_of("\xff\xff\xff\xff").empty());
  CHECK_FALSE(error_of("GET / HTTP/1.1").empty());
}

TEST_CASE("startup: the number of parameters is bounded") {
  std::string parameters;
  for (std::size_t i = 0; i < kStartupParametersMax; ++i) {
    parameters += "p" + std::to_string(i) + "\0v\0"s;
  }
  CHECK(error_of(startup(parameters + '\0')).empty());
  CHECK(error_of(startup(parameters + "one\0more\0\0"s)) == "startup: too many parameters");
}

TEST_CASE("startup: only major version 3 is spoken") {
  CHECK(error_of(packet("\0\2\0\0\0"s)) == "startup: only protocol 3 is spoken here");
  CHECK(error_of(packet("\0\4\0\0\0"s)) == "startup: only protocol 3 is spoken here");
}

TEST_CASE("startup: a newer minor or an unknown option is answered") {
  const auto negotiated = [](const std::string& input) {
    StartupParser parser;
    REQUIRE(parser.next(as_bytes(input)).kind == StepKind::kEvent);
    return negotiate(parser.event());
  };
  const std::string user = "user\0ann\0"s;
  CHECK(negotiated(startup(user + '\0', 0)).minor == 0);
  CHECK(negotiated(startup(user + '\0', 1)).minor == 0);
  CHECK(negotiated(startup(user + '\0', 2)).minor == 2);
  CHECK_FALSE(negotiated(startup(user + '\0', 2)).must_tell);
  CHECK(negotiated(startup(user + '\0', 3)).minor == 2);
  CHECK(negotiated(startup(user + '\0', 3)).must_tell);
  CHECK(negotiated(startup(user + "_pq_.x\0y\0\0"s, 0)).must_tell);
  CHECK(negotiated(startup(user + "_pq_.x\0y\0\0"s, 0)).minor == 0);
}

TEST_CASE("startup: what we write we read") {
  std::string out;
  const NameValue parameters[] = {{"user", "ann"}, {"options", "-c a=b"}};
  append_startup(out, 2, parameters);
  StartupParser parser;
  CHECK(parser.next(as_bytes(out)).consumed == out.size());
  CHECK(parser.event().minor == 2);
  CHECK(parser.event().get("options") == "-c a=b");

  std::string request;
  append_ssl_request(request);
  CHECK(request == kSsl);
}
