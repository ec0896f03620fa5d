#include "tests/unit/audit/reencode.h"

#include "audit/schema.h"
#include "audit/wire.h"

namespace chaperone::audit {
namespace {

using Buffer = std::vector<std::uint8_t>;

struct Writer {
  const DecodedRecord& record;
  std::uint32_t number;
  FieldWriter& out;

  void operator()(std::string_view DecodedRecord::*place) const {
    if (!(record.*place).empty()) out.bytes(number, as_bytes(record.*place));
  }
  void operator()(std::uint64_t DecodedRecord::*place) const {
    out.some_number(number, record.*place);
  }
  void operator()(std::optional<std::uint64_t> DecodedRecord::*place) const {
    out.maybe_number(number, record.*place);
  }
  void operator()(bool DecodedRecord::*place) const { out.flag(number, record.*place); }
  void operator()(EffectSet DecodedRecord::*place) const {
    out.some_number(number, (record.*place).bits());
  }
  void operator()(Bytes DecodedRecord::*place) const {
    if (!(record.*place).empty()) out.bytes(number, record.*place);
  }
  template <std::size_t Size>
  void operator()(std::optional<std::array<std::uint8_t, Size>> DecodedRecord::*place) const {
    if (record.*place) out.bytes(number, *(record.*place));
  }
  void operator()(const EnumPlace& place) const { out.maybe_number(number, place.get(record)); }
};

void text(std::uint32_t number, std::string_view value, FieldWriter& out) {
  if (!value.empty()) out.bytes(number, as_bytes(value));
}

void put_statement(const DecodedStatement& statement, FieldWriter& outer) {
  Buffer bytes;
  FieldWriter out(bytes);
  text(field::kVerb, statement.verb, out);
  out.some_number(field::kStatementEffects, statement.effects.bits());
  for (const auto& object : statement.objects) {
    Buffer inner;
    FieldWriter fields(inner);
    fields.some_number(field::kObjectKind, static_cast<std::uint64_t>(object.kind));
    text(field::kObjectName, object.name, fields);
    fields.some_number(field::kObjectEffects, object.effects.bits());
    out.bytes(field::kObject, inner);
  }
  for (const auto& column : statement.columns) {
    Buffer inner;
    FieldWriter fields(inner);
    text(field::kColumnTable, column.table, fields);
    text(field::kColumnName, column.name, fields);
    fields.some_number(field::kColumnEffects, column.effects.bits());
    out.bytes(field::kColumn, inner);
  }
  for (std::string_view function : statement.functions) text(field::kFunction, function, out);
  out.some_number(field::kRowBound, static_cast<std::uint64_t>(statement.row_bound));
  out.maybe_number(field::kLimit, statement.limit);
  text(field::kUnknownBecause, statement.unknown_because, out);
  outer.bytes(field::kStatement, bytes);
}

void put_parameter(const DecodedParameter& parameter, FieldWriter& outer) {
  Buffer bytes;
  FieldWriter out(bytes);
  out.some_number(field::kType, parameter.type);
  out.flag(field::kBinary, parameter.binary);
  out.flag(field::kNull, parameter.null);
  out.flag(field::kRedacted, parameter.redacted);
  text(field::kValue, as_text(parameter.value), out);
  out.some_number(field::kFullBytes, parameter.full_bytes);
  text(field::kFullSha256, as_text(parameter.full_sha256), out);
  outer.bytes(field::kParameter, bytes);
}

void put_label(std::string_view key, std::string_view value, FieldWriter& outer) {
  Buffer bytes;
  FieldWriter out(bytes);
  text(field::kLabelKey, key, out);
  text(field::kLabelValue, value, out);
  outer.bytes(field::kLabel, bytes);
}

// The lists stand between the plain fields, where their numbers put them.
void put_lists(std::uint32_t number, const DecodedRecord& record, FieldWriter& out) {
  if (number == field::kLabel) {
    for (const auto& [key, value] : record.labels) put_label(key, value, out);
  } else if (number == field::kGroup) {
    for (std::string_view group : record.groups) text(field::kGroup, group, out);
  } else if (number == field::kShape) {
    if (record.shape) out.fixed64(field::kShape, *record.shape);
  } else if (number == field::kStatement) {
    for (const auto& statement : record.statements) put_statement(statement, out);
  } else if (number == field::kParameter) {
    for (const auto& parameter : record.parameters) put_parameter(parameter, out);
  }
}

}  // namespace

Buffer reencode(const DecodedRecord& record) {
  RecordHead head{record.kind, record.wall_ns, record.mono_ns, record.session, record.operation};
  Buffer bytes(head_bytes(head));
  write_head(head, record.sequence, record.previous, bytes.data());
  Buffer fields;
  FieldWriter out(fields);
  for (std::uint32_t number = field::kPod; number <= field::kSignature; ++number) {
    put_lists(number, record, out);
    if (const Row* row = row_of(number)) std::visit(Writer{record, number, out}, row->place);
  }
  bytes.insert(bytes.end(), fields.begin(), fields.end());
  return bytes;
}

}  // namespace chaperone::audit
