#pragma once
// The one place where wire arithmetic happens. Big-endian (network order) unless the name says le.
// After the first read that does not fit the reader is dead: every later read fails too, so that a
// parser may read a whole message and ask ok() once.

#include <cstdint>
#include <cstring>

#include "proto-parsers/base/bytes.h"

namespace chaperone {

class ByteReader {
 public:
  explicit ByteReader(Bytes bytes) : rest_(bytes) {}

  bool ok() const { return ok_; }
  std::size_t size() const { return rest_.size(); }
  bool at_end() const { return ok_ && rest_.empty(); }

  std::uint8_t take_u8() { return static_cast<std::uint8_t>(take_be(1)); }
  std::uint16_t take_u16() { return static_cast<std::uint16_t>(take_be(2)); }
  std::uint32_t take_u24() { return static_cast<std::uint32_t>(take_be(3)); }
  std::uint32_t take_u32() { return static_cast<std::uint32_t>(take_be(4)); }
  std::uint64_t take_u64() { return take_be(8); }
  std::int16_t take_i16() { return static_cast<std::int16_t>(take_u16()); }
  std::int32_t take_i32() { return static_cast<std::int32_t>(take_u32()); }

  // The next `size` bytes, valid as long as what the reader was made from; empty once dead.
  Bytes take(std::size_t size) {
    if (!ok_ || size > rest_.size()) return fail();
    Bytes taken = rest_.first(size);
    rest_ = rest_.subspan(size);
    return taken;
  }

  // Up to the next zero byte, which is consumed and not part of the answer.
  std::string_view take_cstring() {
    const void* zero = rest_.empty() ? nullptr : std::memchr(rest_.data(), 0, rest_.size());
    if (!ok_ || !zero) return as_text(fail());
    auto length = static_cast<std::size_t>(static_cast<const std::uint8_t*>(zero) - rest_.data());
    std::string_view taken = as_text(rest_.first(length));
    rest_ = rest_.subspan(length + 1);
    return taken;
  }

  Bytes take_rest() { return take(rest_.size()); }

  // A reader over the next `size` bytes; dead if they are not there.
  ByteReader sub(std::size_t size) {
    ByteReader carved(take(size));
    carved.ok_ = ok_;
    return carved;
  }

 private:
  std::uint64_t take_be(std::size_t width) {
    std::uint64_t value = 0;
    for (std::uint8_t byte : take(width)) value = value << 8 | byte;
    return value;
  }
  Bytes fail() {
    ok_ = false;
    rest_ = {};
    return {};
  }

  Bytes rest_;
  bool ok_ = true;
};

}  // namespace chaperone
