#include "sidecar/probe/grpc_health.h"

#include <catch2/catch.hpp>

using namespace chaperone::probe;
using namespace std::string_literals;

namespace {

std::string frame(char type, char flags, std::string body) {
  return "\0\0"s + static_cast<char>(body.size()) + type + flags + "\0\0\0\1"s + std::move(body);
}

const std::string kSettingsFrame = "\0\0\0\4\0\0\0\0\0"s;
const std::string kHeadersFrame = frame(1, 4, "\x88");
const std::string kServing = frame(0, 0, "\0\0\0\0\2\x08\x01"s);
const std::string kNotServing = frame(0, 0, "\0\0\0\0\2\x08\x02"s);

// Whole, and byte by byte: both must say the same.
std::optional<bool> judged(const std::string& answer) {
  std::string out, out_bytewise;
  auto whole = GrpcAnswer().feed(answer, out);
  GrpcAnswer pieces;
  std::optional<bool> last;
  for (char c : answer) {
    last = pieces.feed({&c, 1}, out_bytewise);
    if (last) break;
  }
  CHECK(whole == last);
  CHECK(out == out_bytewise);
  return whole;
}

}  // namespace

TEST_CASE("a gRPC server that serves, and others") {
  CHECK(judged(kSettingsFrame + kHeadersFrame + kServing) == true);
  CHECK(judged(kSettingsFrame + kHeadersFrame + kNotServing) == false);
  CHECK(judged(kSettingsFrame + frame(1, 5, "\x88")) == false);       // trailers alone
  CHECK(judged(kSettingsFrame + frame(3, 0, "\0\0\0\1"s)) == false);  // reset
  CHECK(judged(kSettingsFrame + frame(7, 0, std::string(8, '\0'))) == false);
  CHECK(judged(frame(0, 1, "")) == false);                     // an end without a message
  CHECK(judged(frame(0, 0, "\1\0\0\0\2\x08\x01"s)) == false);  // compressed
  CHECK(judged(kSettingsFrame + kHeadersFrame) == std::nullopt);
}

TEST_CASE("padding and a message in two frames") {
  CHECK(judged(frame(0, 8, "\3\0\0\0\0\2\x08\x01xxx"s)) == true);
  CHECK(judged(frame(0, 0, "\0\0\0"s) + frame(0, 0, "\0\2\x08\x01"s)) == true);
  CHECK(judged(frame(0, 8, "\x7f\0"s)) == false);
  CHECK(judged(frame(0, 8, "")) == false);
}

TEST_CASE("settings and pings are acknowledged") {
  std::string out;
  GrpcAnswer answer;
  CHECK_FALSE(answer.feed(kSettingsFrame, out));
  CHECK(out == "\0\0\0\4\1\0\0\0\0"s);
  out.clear();
  CHECK_FALSE(answer.feed("\0\0\x08\6\0\0\0\0\0"s + "12345678", out));
  CHECK(out == "\0\0\x08\6\1\0\0\0\0"s + "12345678");
}

TEST_CASE("what is no HTTP/2 is a failure and not a wait") {
  CHECK(judged("HTTP/1.1 400 Bad Request\r\n\r\n") == false);
}

TEST_CASE("the request is one HTTP/2 call") {
  std::string request = grpc_request("127.0.0.1:9000", "web");
  CHECK(request.starts_with("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
  CHECK(request.find("/grpc.health.v1.Health/Check") != std::string::npos);
  CHECK(request.ends_with("\0\0\0\0\5\x0a\3web"s));
  CHECK(grpc_request("h", "").ends_with("\0\0\0\0\0"s));
}
