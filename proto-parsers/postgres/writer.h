#pragma once
// Writes one message into a string: big-endian numbers, zero-ended texts, and the length word
// filled in at the end. For the encoders of this room alone.

#include <cstdint>
#include <string>
#include <string_view>

#include "proto-parsers/base/bytes.h"
#include "proto-parsers/postgres/messages.h"

namespace chaperone::pg {

class MessageWriter {
 public:
  // Without a type byte: the packets before a connection's messages.
  explicit MessageWriter(std::string& out) : out_(out), length_at_(out.size()) { u32(0); }
  MessageWriter(std::string& out, FrontendType type)
      : MessageWriter(out, static_cast<std::uint8_t>(type)) {}
  MessageWriter(std::string& out, BackendType type)
      : MessageWriter(out, static_cast<std::uint8_t>(type)) {}
  MessageWriter(const MessageWriter&) = delete;
  MessageWriter& operator=(const MessageWriter&) = delete;
  // The length counts itself and what follows.
  ~MessageWriter() {
    const auto length = static_cast<std::uint32_t>(out_.size() - length_at_);
    for (int i = 0; i < 4; ++i) out_[length_at_ + i] = static_cast<char>(length >> (24 - 8 * i));
  }

  MessageWriter& u8(std::uint8_t value) {
    out_.push_back(static_cast<char>(value));
    return *this;
  }
  MessageWriter& u16(std::uint16_t value) { return be(value, 2); }
  MessageWriter& u32(std::uint32_t value) { return be(value, 4); }
  MessageWriter& count(std::size_t value) { return be(value, 2); }
  MessageWriter& bytes(Bytes value) {
    out_.append(as_text(value));
    return *this;
  }
  // Ends at its first zero byte: what stood behind it would be read as the next field.
  MessageWriter& text(std::string_view value) {
    out_.append(value.substr(0, value.find('\0')));
    return u8(0);
  }

 private:
  MessageWriter(std::string& out, std::uint8_t type) : out_(out), length_at_(out.size() + 1) {
    u8(type).u32(0);
  }
  MessageWriter& be(std::uint64_t value, int width) {
    while (width-- > 0) u8(static_cast<std::uint8_t>(value >> (8 * width)));
    return *this;
  }

  std::string& out_;
  std::size_t length_at_;
};

}  // namespace chaperone::pg
