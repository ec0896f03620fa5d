// Encoding of what a command means and of what was asked.

#include "audit/fields.h"
#include "audit/record.h"
#include "audit/text.h"
#include "audit/wire.h"

namespace chaperone::audit {
namespace {

using Buffer = std::vector<std::uint8_t>;

// What may still go into the meaning; every entry costs its bytes and up to 8 of tags and lengths.
class Budget {
 public:
  bool spend(std::size_t bytes) {
    if (bytes + 8 > left_) left_ = 0;
    bool fits = left_ > 0;
    if (fits) left_ -= bytes + 8;
    return fits;
  }

 private:
  // A last statement "..." and the heads of the others fit behind it.
  std::size_t left_ = kMeaningBytesMax - 64;
};

Buffer encoded(const Object& object) {
  Buffer out;
  FieldWriter writer(out);
  writer.some_number(field::kObjectKind, static_cast<std::uint64_t>(object.kind));
  writer.name(field::kObjectName, object.name);
  writer.some_number(field::kObjectEffects, object.effects.bits());
  return out;
}

Buffer encoded(const Column& column) {
  Buffer out;
  FieldWriter writer(out);
  writer.name(field::kColumnTable, column.table);
  writer.name(field::kColumnName, column.name);
  writer.some_number(field::kColumnEffects, column.effects.bits());
  return out;
}

template <class Items>
bool put_all(std::uint32_t number, const Items& items, FieldWriter& writer, Budget& budget) {
  for (const auto& item : items) {
    Buffer inner = encoded(item);
    if (!budget.spend(inner.size())) return false;
    writer.bytes(number, inner);
  }
  return true;
}

bool put_functions(const std::vector<std::string>& functions, FieldWriter& writer, Budget& budget) {
  for (const std::string& function : functions) {
    if (!budget.spend(std::min(function.size(), kNameBytesMax))) return false;
    writer.name(field::kFunction, function);
  }
  return true;
}

// False where something had to be left out.
bool encode_statement(const Statement& statement, Budget& budget, Buffer& out) {
  constexpr std::size_t kNumbersBytesMax = 32;
  std::size_t words = std::min(statement.verb.size(), kNameBytesMax) +
                      std::min(statement.unknown_because.size(), kNameBytesMax);
  if (!budget.spend(words + kNumbersBytesMax)) return false;
  FieldWriter writer(out);
  writer.name(field::kVerb, statement.verb);
  writer.some_number(field::kStatementEffects, statement.effects.bits());
  bool all = put_all(field::kObject, statement.objects, writer, budget);
  all = put_all(field::kColumn, statement.columns, writer, budget) && all;
  all = put_functions(statement.functions, writer, budget) && all;
  writer.some_number(field::kRowBound, static_cast<std::uint64_t>(statement.row_bound));
  if (statement.limit && *statement.limit >= 0) {
    writer.number(field::kLimit, static_cast<std::uint64_t>(*statement.limit));
  }
  writer.name(field::kUnknownBecause, statement.unknown_because);
  return all;
}

std::size_t put_value(const AskedParameter& asked, std::size_t bytes_left, FieldWriter& writer) {
  Bytes value = asked.parameter.value;
  if (asked.redacted || asked.parameter.null) return 0;
  std::size_t kept = std::min({value.size(), kParameterBytesMax, bytes_left});
  if (kept > 0) writer.bytes(field::kValue, value.first(kept));
  if (kept < value.size()) {
    writer.number(field::kFullBytes, value.size());
    writer.bytes(field::kFullSha256, sha256(value));
  }
  return kept;
}

void put_parameters(std::span<const AskedParameter> parameters, FieldWriter& writer) {
  std::size_t bytes_left = kParametersBytesMax;
  std::size_t count = std::min(parameters.size(), kParametersMax);
  thread_local Buffer inner;  // for every command: it keeps its memory
  for (const AskedParameter& asked : parameters.first(count)) {
    inner.clear();
    FieldWriter fields(inner);
    fields.some_number(field::kType, asked.parameter.type);
    fields.flag(field::kBinary, asked.parameter.binary);
    fields.flag(field::kNull, asked.parameter.null);
    fields.flag(field::kRedacted, asked.redacted);
    bytes_left -= put_value(asked, bytes_left, fields);
    writer.bytes(field::kParameter, inner);
  }
  writer.some_number(field::kParametersOmitted, parameters.size() - count);
}

}  // namespace

void encode(const Meaning& meaning, EncodedPart& out) {
  FieldWriter writer(out);
  writer.fixed64(field::kShape, meaning.shape);
  writer.some_number(field::kEffects, meaning.effects.bits());
  writer.some_number(field::kRisk, static_cast<std::uint64_t>(meaning.risk));
  Budget budget;
  bool all = true;
  Buffer inner;
  for (const Statement& statement : meaning.statements) {
    inner.clear();
    all = all && encode_statement(statement, budget, inner);
    if (!inner.empty()) writer.bytes(field::kStatement, inner);
    if (!all) break;
  }
  if (all) return;
  inner.clear();
  FieldWriter(inner).name(field::kVerb, "...");
  writer.bytes(field::kStatement, inner);
}

void encode(const Asked& asked, EncodedPart& out) {
  FieldWriter writer(out);
  std::string_view kept = cut_utf8(asked.text, kTextBytesMax);
  if (!kept.empty()) writer.bytes(field::kText, as_bytes(kept));
  writer.flag(field::kTextRedacted, asked.redacted);
  if (kept.size() < asked.text.size()) {
    writer.number(field::kTextFullBytes, asked.text.size());
    writer.bytes(field::kTextFullSha256, sha256(as_bytes(asked.text)));
  }
  put_parameters(asked.parameters, writer);
}

}  // namespace chaperone::audit
