#include "proto-parsers/tls/client_hello.h"

#include <catch2/catch.hpp>
#include <string>

using namespace chaperone;
using namespace chaperone::tls;
using namespace std::string_literals;

namespace {

std::string number(std::size_t value, int bytes) {
  std::string out;
  while (bytes-- > 0) out.push_back(static_cast<char>(value >> (8 * bytes)));
  return out;
}
std::string prefixed(const std::string& data, int bytes) {
  return number(data.size(), bytes) + data;
}
std::string extension(std::size_t type, const std::string& data) {
  return number(type, 2) + prefixed(data, 2);
}
std::string sni(const std::string& name) {
  return extension(0, prefixed("\0"s + prefixed(name, 2), 2));
}
std::string alpn(std::initializer_list<std::string> names) {
  std::string list;
  for (const std::string& name : names) list += prefixed(name, 1);
  return extension(16, prefixed(list, 2));
}

const std::string kFixed = "\3\3"s + std::string(32, 'r') + prefixed("session", 1) +
                           prefixed("\x13\x01\x0a\x0a"s, 2) + prefixed("\0"s, 1);

std::string handshake(const std::string& extensions) {
  return "\1"s + prefixed(kFixed + prefixed(extensions, 2), 3);
}
// Cut into records of `size` bytes each.
std::string records(const std::string& bytes, std::size_t size) {
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += size) {
    out += "\x16\3\1"s + prefixed(bytes.substr(i, size), 2);
  }
  return out;
}
std::string hello(const std::string& extensions) { return records(handshake(extensions), 16000); }

std::string error_of(const std::string& input) {
  ClientHelloParser parser;
  const Step step = parser.next(as_bytes(input));
  if (step.kind != StepKind::kError) return step.kind == StepKind::kEvent ? "event" : "need more";
  CHECK(parser.next(as_bytes(input)).kind == StepKind::kError);
  return parser.error().reason;
}

const std::string kUsual = extension(0x1a1a, "") + sni("DB.Example.COM") + extension(43, "\2\3\4") +
                           alpn({"\x1a\x1a", "postgresql", "h2"}) + extension(0xfe0d, "ech");

}  // namespace

TEST_CASE("tls: the names of a usual hello") {
  const std::string input = hello(kUsual);
  ClientHelloParser parser;
  const Step step = parser.next(as_bytes(input + "early data"));
  REQUIRE(step.kind == StepKind::kEvent);
  CHECK(step.consumed == input.size());
  CHECK(parser.event().server_name == "db.example.com");
  CHECK(parser.event().alpn == std::vector<std::string>{"\x1a\x1a", "postgresql", "h2"});
  CHECK(parser.event().encrypted_hello);
  CHECK(parser.next(as_bytes(input)).kind == StepKind::kEvent);
}

TEST_CASE("tls: a hello without names, or without extensions") {
  ClientHelloParser parser;
  const std::string input = hello(extension(43, "\2\3\4"));
  CHECK(parser.next(as_bytes(input)).kind == StepKind::kEvent);
  CHECK(parser.event().server_name.empty());
  CHECK_FALSE(parser.event().encrypted_hello);

  ClientHelloParser old;
  const std::string bare = records("\1"s + prefixed(kFixed, 3), 16000);
  CHECK(old.next(as_bytes(bare)).kind == StepKind::kEvent);
}

TEST_CASE("tls: every size of record and every read size give the same names") {
  const std::string message = handshake(kUsual);
  for (std::size_t size = 1; size <= message.size(); ++size) {
    const std::string input = records(message, size);
    ClientHelloParser parser;
    for (std::size_t end = 0; end < input.size(); ++end) {
      if (parser.next(as_bytes(input).first(end)).kind != StepKind::kNeedMore) FAIL(size);
    }
    if (parser.next(as_bytes(input)).consumed != input.size()) FAIL(size);
    if (parser.event().server_name != "db.example.com") FAIL(size);
    if (parser.event().alpn.size() != 3) FAIL(size);
  }
}

TEST_CASE("tls: a name must be a DNS name") {
  for (const std::string& good :
       {"a"s, "a.b"s, "xn--bcher-kva.example"s, "_srv.x"s, "1.com"s, std::string(63, 'a') + ".b"}) {
    CAPTURE(good);
    CHECK(error_of(hello(sni(good))) == "event");
  }
  for (const std::string& bad :
       {""s, "."s, "a."s, ".a"s, "a..b"s, "a b"s, "a\0b"s, "10.0.0.1"s, "::1"s, "-a"s, "a-.b"s,
        "b\xc3\xbc.de"s, std::string(64, 'a') + ".b", "a/b"s, "*.b"s,
        std::string(126, 'a') + "." + std::string(127, 'b')}) {
    CAPTURE(bad);
    CHECK(error_of(hello(sni(bad))) == "server_name: not a DNS name");
  }
  std::string longest;
  for (int i = 0; i < 126; ++i) longest += "a.";
  CHECK(error_of(hello(sni(longest + "b"))) == "event");  // 253
  CHECK(error_of(hello(sni(longest + "bb"))) != "event");
}

TEST_CASE("tls: lists must fill what carries them") {
  CHECK(error_of(hello(extension(0, ""))) == "server_name: not one host name");
  CHECK(error_of(hello(extension(0, "\0\4\0\0\1ab"s))) == "server_name: not one host name");
  CHECK(error_of(hello(extension(0, "\0\4\1\0\1a"s))) == "server_name: not one host name");
  CHECK(error_of(hello(extension(0, prefixed("\0\0\1a\0\0\1b"s, 2)))) ==
        "server_name: not one host name");
  CHECK(error_of(hello(extension(16, "\0\0"s))) == "ALPN: the list does not fill its extension");
  CHECK(error_of(hello(extension(16, "\0\1\0"s))) == "ALPN: an empty or broken name");
  CHECK(error_of(hello(extension(16, "\0\2\2a"s))) == "ALPN: an empty or broken name");
  CHECK(error_of(hello(sni("a") + sni("b"))) == "ClientHello: an extension comes twice");
  CHECK(error_of(hello(extension(9, "") + extension(9, ""))) ==
        "ClientHello: an extension comes twice");
  CHECK(error_of(hello("\0\0\0\7abc"s)) == "ClientHello: an extension beyond its end");
}

TEST_CASE("tls: the number of ALPN names is bounded") {
  std::string list;
  for (std::size_t i = 0; i < kAlpnNamesMax; ++i) list += "\1a";
  CHECK(error_of(hello(extension(16, prefixed(list, 2)))) == "event");
  CHECK(error_of(hello(extension(16, prefixed(list + "\1a", 2)))) == "ALPN: too many names");
}

TEST_CASE("tls: the hello is bounded") {
  const std::size_t room = kClientHelloBytesMax - kFixed.size() - 2 - 4;
  CHECK(error_of(hello(extension(21, std::string(room, 'p')))) == "event");
  CHECK(error_of(hello(extension(21, std::string(room + 1, 'p')))) == "ClientHello: above 16 KiB");
  CHECK(error_of("\x16\3\1\0\4\1\xff\xff\xff"s) == "ClientHello: above 16 KiB");
  const std::string large = handshake(extension(21, std::string(room, 'p')));
  CHECK(error_of(records(large, 6)) == "event");
  CHECK(error_of(records(large, 4)) == "TLS: a ClientHello in too many records");
}

TEST_CASE("tls: what is no hello fails at once") {
  CHECK(error_of("").starts_with("need"));
  CHECK(error_of("G") == "TLS: a record that is not of the handshake");
  CHECK(error_of("\x15\3\1\0\2\1\0"s) == "TLS: a record that is not of the handshake");
  CHECK(error_of("\x16\3\0\0\1\1"s) == "TLS: a record of an unknown version");
  CHECK(error_of("\x16\2\1\0\1\1"s) == "TLS: a record of an unknown version");
  CHECK(error_of("\x16\3\5\0\1\1"s) == "TLS: a record of an unknown version");
  CHECK(error_of("\x16\3\1\0\0"s) == "TLS: an empty handshake record");
  CHECK(error_of("\x16\3\1\x40\1"s) == "TLS: a record above 16 KiB");
  CHECK(error_of("\x16\3\1\0\1\2"s) == "TLS: the first message is no ClientHello");
  CHECK(error_of(records(handshake("") + "x", 9000)) ==
        "TLS: bytes behind the ClientHello in its record");
  std::string mixed = records(handshake(kUsual), 50);
  mixed[55] = '\x14';
  CHECK(error_of(mixed) == "TLS: a record that is not of the handshake");
}

TEST_CASE("tls: the fixed fields are checked") {
  const auto body = [](const std::string& bytes) {
    return error_of(records("\1"s + prefixed(bytes, 3), 16000));
  };
  const std::string random(32, 'r');
  const std::string rest = prefixed("\x13\x01"s, 2) + prefixed("\0"s, 1);
  CHECK(body("\3\3"s + random + prefixed("", 1) + rest) == "event");
  CHECK(body("\2\3"s + random + prefixed("", 1) + rest) == "ClientHello: an unknown version");
  CHECK(body("\3\0"s + random + prefixed("", 1) + rest) == "ClientHello: an unknown version");
  CHECK(body("\3\3"s + random + prefixed(std::string(33, 's'), 1) + rest) ==
        "ClientHello: a session id above 32 bytes");
  CHECK(body("\3\3"s + random + prefixed("", 1) + "\0\3abc\1\0"s) ==
        "ClientHello: a broken list of cipher suites");
  CHECK(body("\3\3"s + random + prefixed("", 1) + "\0\0\1\0"s) ==
        "ClientHello: a broken list of cipher suites");
  CHECK(body("\3\3"s + random + prefixed("", 1) + "\0\2ab\1\1"s) ==
        "ClientHello: no null compression");
  CHECK(body("\3\3"s + random + prefixed("", 1) + rest + "\0"s) ==
        "ClientHello: the extensions do not fill it exactly");
  CHECK(body("\3\3"s + random + prefixed("", 1) + rest + "\0\1"s) ==
        "ClientHello: the extensions do not fill it exactly");
  CHECK(body("\3\3"s + random) == "ClientHello: its fields go beyond its end");
}
