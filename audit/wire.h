#pragma once
// Fields on the wire: the encoding of protocol buffers (so that stock tools can show a record),
// with everything left out that would allow a second spelling. FORMAT.md lists the rules.

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "audit/record.h"
#include "proto-parsers/base/bytes.h"

namespace chaperone::audit {

enum class WireType : std::uint8_t { kVarint = 0, kFixed64 = 1, kBytes = 2 };

// Appends fields in ascending order; a repeated field may follow itself. CHECKs that order.
class FieldWriter {
 public:
  explicit FieldWriter(std::vector<std::uint8_t>& out) : out_(out) {}
  explicit FieldWriter(EncodedPart& part) : out_(part.bytes_), part_(&part) { part.clear(); }

  // Always written.
  void number(std::uint32_t field, std::uint64_t value);
  void fixed64(std::uint32_t field, std::uint64_t value);
  void bytes(std::uint32_t field, Bytes value);
  // Left out when zero, false, absent or empty. Names are cut at kNameBytesMax.
  void some_number(std::uint32_t field, std::uint64_t value) {
    if (value != 0) number(field, value);
  }
  void maybe_number(std::uint32_t field, std::optional<std::uint64_t> value) {
    if (value) number(field, *value);
  }
  void flag(std::uint32_t field, bool value) {
    if (value) number(field, 1);
  }
  void name(std::uint32_t field, std::string_view value);

 private:
  void tag(std::uint32_t field, WireType type);
  void varint(std::uint64_t value);
  std::vector<std::uint8_t>& out_;
  EncodedPart* part_ = nullptr;
  std::uint32_t last_ = 0;
};

struct Field {
  std::uint32_t number = 0;
  WireType type = WireType::kVarint;
  std::uint64_t value = 0;  // kVarint, kFixed64
  Bytes bytes;              // kBytes; as long as what is read
};

// Reads fields back; dead after the first that breaks a rule.
class FieldReader {
 public:
  explicit FieldReader(Bytes bytes) : rest_(bytes) {}
  std::optional<Field> next();
  // After next() gave none: null at the end, else the rule that was broken (a constant).
  const char* fault() const { return fault_; }

 private:
  std::optional<std::uint64_t> varint();
  std::optional<Field> fail(const char* why);
  bool take_value(Field& field);
  Bytes rest_;
  std::uint32_t last_ = 0;
  const char* fault_ = nullptr;
};

}  // namespace chaperone::audit
