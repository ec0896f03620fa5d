#include <algorithm>

#include "audit/decode_lists.h"
#include "audit/decoded.h"
#include "audit/fields.h"
#include "audit/schema.h"
#include "audit/wire.h"

namespace chaperone::audit {
namespace {

constexpr const char* kType = "is of the wrong wire type";
constexpr const char* kTwice = "appears twice";
constexpr const char* kDefault = "says what leaving it out says";
constexpr const char* kRange = "is beyond what this version knows";
constexpr const char* kLength = "has the wrong length";

// Puts one field's value into its place; answers the rule that was broken, or null.
struct Taker {
  DecodedRecord& record;
  const Field& value;

  const char* number(bool zero_said) const {
    if (value.type != WireType::kVarint) return kType;
    return value.value == 0 && !zero_said ? kDefault : nullptr;
  }
  const char* operator()(std::string_view DecodedRecord::*place) const {
    if (value.type != WireType::kBytes) return kType;
    if (value.bytes.empty()) return kDefault;
    record.*place = as_text(value.bytes);
    return nullptr;
  }
  const char* operator()(std::uint64_t DecodedRecord::*place) const {
    record.*place = value.value;
    return number(false);
  }
  const char* operator()(std::optional<std::uint64_t> DecodedRecord::*place) const {
    record.*place = value.value;
    return number(true);
  }
  const char* operator()(bool DecodedRecord::*place) const {
    record.*place = true;
    if (const char* fault = number(false)) return fault;
    return value.value == 1 ? nullptr : kRange;
  }
  const char* operator()(EffectSet DecodedRecord::*place) const {
    record.*place = EffectSet::from_bits(static_cast<std::uint32_t>(value.value));
    if (const char* fault = number(false)) return fault;
    return value.value >> kEffectCount == 0 ? nullptr : kRange;
  }
  const char* operator()(Bytes DecodedRecord::*place) const {
    if (value.type != WireType::kBytes) return kType;
    record.*place = value.bytes;
    return value.bytes.size() == sizeof(Hash) ? nullptr : kLength;
  }
  template <std::size_t Size>
  const char* operator()(
      std::optional<std::array<std::uint8_t, Size>> DecodedRecord::*place) const {
    if (value.type != WireType::kBytes) return kType;
    if (value.bytes.size() != Size) return kLength;
    std::copy(value.bytes.begin(), value.bytes.end(), (record.*place).emplace().begin());
    return nullptr;
  }
  const char* operator()(const EnumPlace& place) const {
    if (const char* fault = number(true)) return fault;
    if (value.value > place.max) return kRange;
    place.set(record, value.value);
    return place.get(record) ? nullptr : kDefault;
  }
};

std::string fault_of(std::uint32_t number, const char* why) {
  const Row* row = row_of(number);
  std::string name = row ? std::string(row->name) : "field " + std::to_string(number);
  return "not a record: " + name + " " + why;
}

const char* take_field(const Field& value, bool again, DecodedRecord& record) {
  switch (value.number) {
    case field::kLabel:
      return take_label(value, record);
    case field::kGroup:
      return take_group(value, record);
    case field::kStatement:
      return take_statement(value, record);
    case field::kParameter:
      return take_parameter(value, record);
    default:
      break;
  }
  if (again) return kTwice;
  if (value.number == field::kShape) {
    record.shape = value.value;
    return value.type == WireType::kFixed64 ? nullptr : kType;
  }
  const Row* row = row_of(value.number);
  if (!row) return kRange;
  return std::visit(Taker{record, value}, row->place);
}

std::size_t head_size(const PeekedHead& head) {
  RecordHead like;
  like.session = head.session;
  like.operation = head.operation;
  return head_bytes(like);
}

void copy_head(const PeekedHead& head, DecodedRecord& record) {
  record.kind = head.kind;
  record.sequence = head.sequence;
  record.previous = head.previous;
  record.wall_ns = head.wall_ns;
  record.mono_ns = head.mono_ns;
  record.session = head.session;
  record.operation = head.operation;
}

}  // namespace

Result<DecodedRecord> decode_record(Bytes bytes) {
  if (bytes.size() > kRecordBytesMax) return Error{"not a record: longer than any record may be"};
  auto head = peek_head(bytes);
  if (!head) return Error{"not a record: the head is broken, or of a version unknown here"};
  DecodedRecord record;
  copy_head(*head, record);
  FieldReader reader(bytes.subspan(head_size(*head)));
  std::uint32_t last = field::kOperation;
  while (auto value = reader.next()) {
    const char* fault = value->number <= field::kOperation
                            ? "is out of place"
                            : take_field(*value, value->number == last, record);
    if (fault) return Error{fault_of(value->number, fault)};
    last = value->number;
  }
  if (reader.fault()) return Error{std::string("not a record: ") + reader.fault()};
  return record;
}

}  // namespace chaperone::audit
