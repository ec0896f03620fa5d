#include <array>
#include <cstdio>
#include <ctime>

#include "audit/decoded.h"
#include "audit/json_writer.h"
#include "audit/schema.h"
#include "audit/text.h"

namespace chaperone::audit {
namespace {

std::string rfc3339(std::int64_t wall_ns) {
  std::int64_t seconds = wall_ns / 1'000'000'000, ns = wall_ns % 1'000'000'000;
  if (ns < 0) {
    ns += 1'000'000'000;
    --seconds;
  }
  std::time_t time = seconds;
  std::tm parts{};
  gmtime_r(&time, &parts);
  char day[64], fraction[32];
  std::size_t size = std::strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(fraction, sizeof fraction, ".%09lldZ", static_cast<long long>(ns));
  return std::string(day, size) + fraction;
}

// Writes one plain field if it is there.
struct Putter {
  const DecodedRecord& record;
  std::string_view name;
  JsonWriter& json;

  void operator()(std::string_view DecodedRecord::*place) const {
    if ((record.*place).empty()) return;
    json.key(name);
    json.text(record.*place);
  }
  void operator()(std::uint64_t DecodedRecord::*place) const {
    if (record.*place == 0) return;
    json.key(name);
    json.number(record.*place);
  }
  void operator()(std::optional<std::uint64_t> DecodedRecord::*place) const {
    if (!(record.*place)) return;
    json.key(name);
    json.number(*(record.*place));
  }
  void operator()(bool DecodedRecord::*place) const {
    if (!(record.*place)) return;
    json.key(name);
    json.raw("true");
  }
  void operator()(EffectSet DecodedRecord::*place) const {
    if ((record.*place).empty()) return;
    json.key(name);
    json.effects(record.*place);
  }
  void operator()(Bytes DecodedRecord::*place) const {
    if ((record.*place).empty()) return;
    json.key(name);
    json.hex_text(record.*place);
  }
  template <std::size_t Size>
  void operator()(std::optional<std::array<std::uint8_t, Size>> DecodedRecord::*place) const {
    if (!(record.*place)) return;
    json.key(name);
    json.hex_text(*(record.*place));
  }
  void operator()(const EnumPlace& place) const {
    auto value = place.get(record);
    if (!value) return;
    json.key(name);
    json.text(place.name(*value));
  }
};

void put_head(const DecodedRecord& record, JsonWriter& json) {
  json.key("sequence");
  json.number(record.sequence);
  json.key("kind");
  json.text(name_of(record.kind));
  json.key("time");
  json.raw('"' + rfc3339(record.wall_ns) + '"');
  json.key("wall_ns");
  json.raw(std::to_string(record.wall_ns));
  json.key("mono_ns");
  json.number(record.mono_ns);
  if (record.session != Id{}) {
    json.key("session");
    json.hex_text(record.session);
  }
  if (record.operation != 0) {
    json.key("operation");
    json.number(record.operation);
  }
}

void put_texts(std::string_view name, const std::vector<std::string_view>& texts,
               JsonWriter& json) {
  if (texts.empty()) return;
  json.key(name);
  json.open('[');
  for (std::string_view text : texts) json.text(text);
  json.close(']');
}

void put_labels(const DecodedRecord& record, JsonWriter& json) {
  if (record.labels.empty()) return;
  json.key("labels");
  json.open('{');
  for (const auto& [key, value] : record.labels) {
    json.key(is_utf8(key) ? std::string(key) : hex(as_bytes(key)));
    json.text(value);
  }
  json.close('}');
}

void put_object(const DecodedObject& object, JsonWriter& json) {
  json.open('{');
  json.key("kind");
  json.text(name_of(object.kind));
  json.key("name");
  json.text(object.name);
  json.key("effects");
  json.effects(object.effects);
  json.close('}');
}

void put_column(const DecodedColumn& column, JsonWriter& json) {
  json.open('{');
  json.key("table");
  json.text(column.table);
  json.key("name");
  json.text(column.name);
  json.key("effects");
  json.effects(column.effects);
  json.close('}');
}

void put_statement(const DecodedStatement& statement, JsonWriter& json) {
  json.open('{');
  json.key("verb");
  json.text(statement.verb);
  json.key("effects");
  json.effects(statement.effects);
  if (!statement.objects.empty()) {
    json.key("objects");
    json.open('[');
    for (const auto& object : statement.objects) put_object(object, json);
    json.close(']');
  }
  if (!statement.columns.empty()) {
    json.key("columns");
    json.open('[');
    for (const auto& column : statement.columns) put_column(column, json);
    json.close(']');
  }
  put_texts("functions", statement.functions, json);
  if (statement.row_bound != RowBound::kNotApplicable) {
    json.key("row_bound");
    json.text(name_of(statement.row_bound));
  }
  if (statement.limit) {
    json.key("limit");
    json.number(*statement.limit);
  }
  if (!statement.unknown_because.empty()) {
    json.key("unknown_because");
    json.text(statement.unknown_because);
  }
  json.close('}');
}

void put_parameter(const DecodedParameter& parameter, JsonWriter& json) {
  json.open('{');
  json.key("type");
  json.number(parameter.type);
  if (parameter.binary) {
    json.key("binary");
    json.raw("true");
  }
  if (parameter.redacted) {
    json.key("redacted");
    json.raw("true");
  }
  if (!parameter.redacted) {
    json.key("value");
    if (parameter.null)
      json.raw("null");
    else if (parameter.binary)
      json.base64_object(parameter.value);
    else
      json.text(as_text(parameter.value));
  }
  if (parameter.full_bytes != 0) {
    json.key("full_bytes");
    json.number(parameter.full_bytes);
    json.key("full_sha256");
    json.hex_text(parameter.full_sha256);
  }
  json.close('}');
}

void put_lists(const DecodedRecord& record, JsonWriter& json) {
  put_labels(record, json);
  put_texts("groups", record.groups, json);
  if (record.shape) {
    std::uint64_t shape = *record.shape;
    std::array<std::uint8_t, 8> bytes;
    for (std::size_t i = 8; i-- > 0; shape >>= 8) bytes[i] = static_cast<std::uint8_t>(shape);
    json.key("shape");
    json.hex_text(bytes);
  }
  if (!record.statements.empty()) {
    json.key("statements");
    json.open('[');
    for (const auto& statement : record.statements) put_statement(statement, json);
    json.close(']');
  }
  if (!record.parameters.empty()) {
    json.key("parameters");
    json.open('[');
    for (const auto& parameter : record.parameters) put_parameter(parameter, json);
    json.close(']');
  }
}

}  // namespace

std::string to_json(const DecodedRecord& record) {
  std::string out;
  JsonWriter json(out);
  json.open('{');
  put_head(record, json);
  for (const Row& row : record_rows()) std::visit(Putter{record, row.name, json}, row.place);
  put_lists(record, json);
  json.key("previous");
  json.hex_text(record.previous);
  json.close('}');
  return out;
}

}  // namespace chaperone::audit
