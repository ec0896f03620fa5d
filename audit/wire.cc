#include "audit/wire.h"

#include "audit/text.h"
#include "proto-parsers/base/check.h"

namespace chaperone::audit {

void EncodedPart::clear() {
  bytes_.clear();
  first_field_ = last_field_ = 0;
}

void FieldWriter::varint(std::uint64_t value) {
  if (value < 0x80) return out_.push_back(static_cast<std::uint8_t>(value));  // nearly always
  for (; value >= 0x80; value >>= 7) out_.push_back(static_cast<std::uint8_t>(value | 0x80));
  out_.push_back(static_cast<std::uint8_t>(value));
}

void FieldWriter::tag(std::uint32_t field, WireType type) {
  CHECK(field >= last_ && field > 0);
  last_ = field;
  if (part_) {
    if (part_->first_field_ == 0) part_->first_field_ = field;
    part_->last_field_ = field;
  }
  varint(std::uint64_t{field} << 3 | static_cast<std::uint64_t>(type));
}

void FieldWriter::number(std::uint32_t field, std::uint64_t value) {
  tag(field, WireType::kVarint);
  varint(value);
}

void FieldWriter::fixed64(std::uint32_t field, std::uint64_t value) {
  tag(field, WireType::kFixed64);
  std::uint8_t little[8];
  for (int i = 0; i < 8; ++i) little[i] = static_cast<std::uint8_t>(value >> (8 * i));
  out_.insert(out_.end(), little, little + 8);
}

void FieldWriter::bytes(std::uint32_t field, Bytes value) {
  tag(field, WireType::kBytes);
  varint(value.size());
  out_.insert(out_.end(), value.begin(), value.end());
}

void FieldWriter::name(std::uint32_t field, std::string_view value) {
  if (!value.empty()) bytes(field, as_bytes(cut_utf8(value, kNameBytesMax)));
}

std::optional<Field> FieldReader::fail(const char* why) {
  fault_ = why;
  rest_ = {};
  return std::nullopt;
}

std::optional<std::uint64_t> FieldReader::varint() {
  if (!rest_.empty() && rest_[0] < 0x80) {  // nearly always
    std::uint8_t byte = rest_[0];
    rest_ = rest_.subspan(1);
    return byte;
  }
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 10 && i < rest_.size(); ++i) {
    std::uint8_t byte = rest_[i];
    // The tenth byte has room for one bit; a last byte of zero would be a second spelling.
    if (i == 9 && byte > 1) return std::nullopt;
    value |= std::uint64_t{byte & 0x7Fu} << (7 * i);
    if (byte & 0x80) continue;
    if (i > 0 && byte == 0) return std::nullopt;
    rest_ = rest_.subspan(i + 1);
    return value;
  }
  return std::nullopt;
}

bool FieldReader::take_value(Field& field) {
  if (field.type == WireType::kFixed64) {
    if (rest_.size() < 8) return false;
    for (std::size_t i = 8; i-- > 0;) field.value = field.value << 8 | rest_[i];
    rest_ = rest_.subspan(8);
    return true;
  }
  auto value = varint();
  if (!value) return false;
  field.value = *value;
  if (field.type == WireType::kVarint) return true;
  if (*value > rest_.size()) return false;
  field.bytes = rest_.first(*value);
  rest_ = rest_.subspan(*value);
  return true;
}

std::optional<Field> FieldReader::next() {
  if (fault_ || rest_.empty()) return std::nullopt;
  auto tag = varint();
  if (!tag || *tag >> 3 == 0 || *tag >> 3 > 0xFFFF || (*tag & 7) > 2) return fail("bad field tag");
  Field field;
  field.number = static_cast<std::uint32_t>(*tag >> 3);
  field.type = static_cast<WireType>(*tag & 7);
  if (field.number < last_) return fail("fields out of order");
  last_ = field.number;
  if (!take_value(field)) return fail("field value beyond the record or not in its shortest form");
  return field;
}

}  // namespace chaperone::audit
