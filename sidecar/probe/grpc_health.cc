#include "sidecar/probe/grpc_health.h"

#include <cstdint>

namespace chaperone::probe {

namespace {

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr std::size_t kFrameHead = 9, kMessageHead = 5;
constexpr std::size_t kFrameBytesMax = 16384;  // what we never offered to raise
enum Frame : unsigned {
  kData = 0,
  kHeaders = 1,
  kReset = 3,
  kSettings = 4,
  kPing = 6,
  kGoAway = 7
};
constexpr unsigned kEndStream = 1, kAck = 1, kEndHeaders = 4, kPadded = 8;

std::string number(std::uint64_t value, int bytes) {
  std::string out;
  while (bytes-- > 0) out += static_cast<char>(value >> (8 * bytes) & 0xff);
  return out;
}

std::uint64_t number(std::string_view bytes) {
  std::uint64_t value = 0;
  for (char c : bytes) value = value << 8 | static_cast<std::uint8_t>(c);
  return value;
}

std::string frame(unsigned type, unsigned flags, unsigned stream, std::string_view body) {
  return number(body.size(), 3) + number(type, 1) + number(flags, 1) + number(stream, 4) +
         std::string(body);
}

// HPACK: a string without Huffman's code. Ours are shorter than 127 bytes.
std::string literal(std::string_view text) { return number(text.size(), 1) + std::string(text); }

std::string header_block(std::string_view authority) {
  std::string block = "\x83\x86";  // :method POST, :scheme http
  block += '\x04' + literal("/grpc.health.v1.Health/Check");
  block += '\x01' + literal(authority);
  block += std::string("\x0f\x10") + literal("application/grpc");  // content-type
  block += std::string(1, '\0') + literal("te") + literal("trailers");
  return block;
}

// HealthCheckRequest{service = 1}.
std::string message_of(std::string_view service) {
  std::string body;
  if (!service.empty()) {
    body = '\x0a';
    if (service.size() > 127) body += static_cast<char>((service.size() & 127) | 128);
    body += static_cast<char>(service.size() > 127 ? service.size() >> 7 : service.size());
    body += service;
  }
  return std::string(1, '\0') + number(body.size(), 4) + body;
}

// HealthCheckResponse{status = 1}; SERVING is 1.
bool serving(std::string_view message) { return message == std::string_view("\x08\x01", 2); }

}  // namespace

std::string grpc_request(std::string_view authority, std::string_view service) {
  return std::string(kPreface) + frame(kSettings, 0, 0, "") +
         frame(kHeaders, kEndHeaders, 1, header_block(authority)) +
         frame(kData, kEndStream, 1, message_of(service));
}

std::optional<bool> GrpcAnswer::feed(std::string_view bytes, std::string& out) {
  input_ += bytes;
  while (input_.size() >= kFrameHead) {
    std::string_view head = std::string_view(input_).substr(0, kFrameHead);
    std::uint64_t size = number(head.substr(0, 3));
    if (size > kFrameBytesMax) return false;
    if (input_.size() < kFrameHead + size) return std::nullopt;
    auto known = take_frame(static_cast<std::uint8_t>(head[3]), static_cast<std::uint8_t>(head[4]),
                            std::string_view(input_).substr(kFrameHead, size), out);
    if (known) return known;
    input_.erase(0, kFrameHead + size);
  }
  return std::nullopt;
}

std::optional<bool> GrpcAnswer::take_frame(unsigned type, unsigned flags, std::string_view body,
                                           std::string& out) {
  if (type == kReset || type == kGoAway) return false;
  if (type == kSettings && !(flags & kAck)) out += frame(kSettings, kAck, 0, "");
  if (type == kPing && !(flags & kAck)) out += frame(kPing, kAck, 0, body);
  if (type == kHeaders && flags & kEndStream) return false;  // trailers and no message before them
  if (type != kData) return std::nullopt;
  if (flags & kPadded) {
    std::size_t padding = body.empty() ? 1 : static_cast<std::uint8_t>(body[0]) + 1u;
    if (padding > body.size()) return false;
    body = body.substr(1, body.size() - padding);
  }
  message_ += body;
  if (message_.size() >= kMessageHead) {
    std::string_view whole = message_;
    std::uint64_t size = number(whole.substr(1, 4));
    if (whole[0] != 0 || size > kFrameBytesMax) return false;  // compressed: nobody asked for it
    if (whole.size() >= kMessageHead + size) return serving(whole.substr(kMessageHead, size));
  }
  if (flags & kEndStream) return false;
  return std::nullopt;
}

}  // namespace chaperone::probe
