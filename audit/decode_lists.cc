#include "audit/decode_lists.h"

#include <limits>

#include "audit/fields.h"

namespace chaperone::audit {
namespace {

constexpr const char* kBroken = "is not in canonical form";

// Walks the fields of a nested message. Plain ones may appear once; `repeats` may repeat.
class Walk {
 public:
  explicit Walk(const Field& outer) : reader_(outer.bytes), ok_(outer.type == WireType::kBytes) {}

  std::optional<Field> next() {
    if (!ok_) return std::nullopt;
    auto field = reader_.next();
    again_ = field && field->number == last_;
    if (field) last_ = field->number;
    return field;
  }
  void text(const Field& f, std::string_view& out, bool repeats = false) {
    need(f.type == WireType::kBytes && !f.bytes.empty() && (repeats || !again_));
    out = as_text(f.bytes);
  }
  void bytes(const Field& f, Bytes& out) {
    need(f.type == WireType::kBytes && !f.bytes.empty() && !again_);
    out = f.bytes;
  }
  void number(const Field& f, std::uint64_t& out, std::uint64_t max, bool zero_said = false) {
    need(f.type == WireType::kVarint && !again_ && f.value <= max && (f.value > 0 || zero_said));
    out = f.value;
  }
  void flag(const Field& f, bool& out) {
    std::uint64_t value = 0;
    number(f, value, 1);
    out = true;
  }
  void effects(const Field& f, EffectSet& out) {
    std::uint64_t bits = 0;
    number(f, bits, (1ull << kEffectCount) - 1);
    out = EffectSet::from_bits(static_cast<std::uint32_t>(bits));
  }
  void need(bool condition) { ok_ = ok_ && condition; }
  const char* end() const { return ok_ && !reader_.fault() ? nullptr : kBroken; }

 private:
  FieldReader reader_;
  bool ok_;
  bool again_ = false;
  std::uint32_t last_ = 0;
};

const char* take_object(const Field& value, DecodedStatement& statement) {
  DecodedObject object;
  Walk walk(value);
  std::uint64_t kind = 0;
  while (auto f = walk.next()) {
    switch (f->number) {
      case field::kObjectKind:
        walk.number(*f, kind, static_cast<std::uint64_t>(ObjectKind::kOther));
        break;
      case field::kObjectName:
        walk.text(*f, object.name);
        break;
      case field::kObjectEffects:
        walk.effects(*f, object.effects);
        break;
      default:
        walk.need(false);
    }
  }
  object.kind = static_cast<ObjectKind>(kind);
  statement.objects.push_back(object);
  return walk.end();
}

const char* take_column(const Field& value, DecodedStatement& statement) {
  DecodedColumn column;
  Walk walk(value);
  while (auto f = walk.next()) {
    switch (f->number) {
      case field::kColumnTable:
        walk.text(*f, column.table);
        break;
      case field::kColumnName:
        walk.text(*f, column.name);
        break;
      case field::kColumnEffects:
        walk.effects(*f, column.effects);
        break;
      default:
        walk.need(false);
    }
  }
  statement.columns.push_back(column);
  return walk.end();
}

void take_row_bound(const Field& f, Walk& walk, DecodedStatement& statement) {
  std::uint64_t bound = 0;
  walk.number(f, bound, static_cast<std::uint64_t>(RowBound::kUnbounded));
  statement.row_bound = static_cast<RowBound>(bound);
}

void take_limit(const Field& f, Walk& walk, DecodedStatement& statement) {
  std::uint64_t limit = 0;
  walk.number(f, limit, std::numeric_limits<std::int64_t>::max(), true);
  statement.limit = limit;
}

}  // namespace

const char* take_label(const Field& value, DecodedRecord& record) {
  std::pair<std::string_view, std::string_view> label;
  Walk walk(value);
  while (auto f = walk.next()) {
    switch (f->number) {
      case field::kLabelKey:
        walk.text(*f, label.first);
        break;
      case field::kLabelValue:
        walk.text(*f, label.second);
        break;
      default:
        walk.need(false);
    }
  }
  walk.need(!label.first.empty());
  walk.need(record.labels.empty() || record.labels.back().first < label.first);
  record.labels.push_back(label);
  return walk.end();
}

const char* take_group(const Field& value, DecodedRecord& record) {
  if (value.type != WireType::kBytes || value.bytes.empty()) return kBroken;
  record.groups.push_back(as_text(value.bytes));
  return nullptr;
}

const char* take_statement(const Field& value, DecodedRecord& record) {
  DecodedStatement statement;
  Walk walk(value);
  std::string_view function;
  while (auto f = walk.next()) {
    switch (f->number) {
      case field::kVerb:
        walk.text(*f, statement.verb);
        break;
      case field::kStatementEffects:
        walk.effects(*f, statement.effects);
        break;
      case field::kObject:
        walk.need(take_object(*f, statement) == nullptr);
        break;
      case field::kColumn:
        walk.need(take_column(*f, statement) == nullptr);
        break;
      case field::kFunction:
        walk.text(*f, function, true);
        statement.functions.push_back(function);
        break;
      case field::kRowBound:
        take_row_bound(*f, walk, statement);
        break;
      case field::kLimit:
        take_limit(*f, walk, statement);
        break;
      case field::kUnknownBecause:
        walk.text(*f, statement.unknown_because);
        break;
      default:
        walk.need(false);
    }
  }
  record.statements.push_back(std::move(statement));
  return walk.end();
}

const char* take_parameter(const Field& value, DecodedRecord& record) {
  DecodedParameter parameter;
  Walk walk(value);
  std::uint64_t type = 0;
  while (auto f = walk.next()) {
    switch (f->number) {
      case field::kType:
        walk.number(*f, type, std::numeric_limits<std::uint32_t>::max());
        break;
      case field::kBinary:
        walk.flag(*f, parameter.binary);
        break;
      case field::kNull:
        walk.flag(*f, parameter.null);
        break;
      case field::kRedacted:
        walk.flag(*f, parameter.redacted);
        break;
      case field::kValue:
        walk.bytes(*f, parameter.value);
        break;
      case field::kFullBytes:
        walk.number(*f, parameter.full_bytes, std::numeric_limits<std::uint64_t>::max());
        break;
      case field::kFullSha256:
        walk.bytes(*f, parameter.full_sha256);
        break;
      default:
        walk.need(false);
    }
  }
  parameter.type = static_cast<std::uint32_t>(type);
  walk.need(parameter.full_sha256.empty() || parameter.full_sha256.size() == sizeof(Hash));
  walk.need(parameter.full_sha256.empty() == (parameter.full_bytes == 0));
  record.parameters.push_back(parameter);
  return walk.end();
}

}  // namespace chaperone::audit
