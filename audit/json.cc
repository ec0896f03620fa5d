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

void put_flag(std::string_view name, bool flag, JsonWriter& json) {
  if (flag) json.key(name).raw("true");
}

// Writes one plain field if it is there.
struct Putter {
  const DecodedRecord& record;
  std::string_view name;
  JsonWriter& json;

  void operator()(std::string_view DecodedRecord::*place) const {
    if ((record.*place).empty()) return;
    json.key(name).text(record.*place);
  }
  void operator()(std::uint64_t DecodedRecord::*place) const {
    if (record.*place == 0) return;
    json.key(name).number(record.*place);
  }
  void operator()(std::optional<std::uint64_t> DecodedRecord::*place) const {
    if (!(record.*place)) return;
    json.key(name).number(*(record.*place));
  }
  void operator()(bool DecodedRecord::*place) const { put_flag(name, record.*place, json); }
  void operator()(EffectSet DecodedRecord::*place) const {
    if ((record.*place).empty()) return;
    json.key(name).effects(record.*place);
  }
  void operator()(Bytes DecodedRecord::*place) const {
    if ((record.*place).empty()) return;
    json.key(name).hex_text(record.*place);
  }
  template <std::size_t Size>
  void operator()(std::optional<std::array<std::uint8_t, Size>> DecodedRecord::*place) const {
    if (!(record.*place)) return;
    json.key(name).hex_text(*(record.*place));
  }
  void operator()(const EnumPlace& place) const {
    auto value = place.get(record);
    if (!value) return;
    json.key(name).text(place.name(*value));
  }
};

void put_head(const DecodedRecord& record, JsonWriter& json) {
  json.key("sequence").number(record.sequence);
  json.key("kind").text(name_of(record.kind));
  json.key("time").raw('"' + rfc3339(record.wall_ns) + '"');
  json.key("wall_ns").raw(std::to_string(record.wall_ns));
  json.key("mono_ns").number(record.mono_ns);
  if (record.session != Id{}) json.key("session").hex_text(record.session);
  if (record.operation != 0) json.key("operation").number(record.operation);
}

// A list under its name, if there is anything in it; `put` writes one item.
template <class Item, class Put>
void put_list(std::string_view name, const std::vector<Item>& items, JsonWriter& json, Put put) {
  if (items.empty()) return;
  json.key(name).open('[');
  for (const Item& item : items) put(item, json);
  json.close(']');
}

void put_text(std::string_view text, JsonWriter& json) { json.text(text); }

void put_labels(const DecodedRecord& record, JsonWriter& json) {
  if (record.labels.empty()) return;
  json.key("labels").open('{');
  for (const auto& [key, value] : record.labels) {
    json.key(is_utf8(key) ? std::string(key) : hex(as_bytes(key))).text(value);
  }
  json.close('}');
}

void put_object(const DecodedObject& object, JsonWriter& json) {
  json.open('{');
  json.key("kind").text(name_of(object.kind));
  json.key("name").text(object.name);
  json.key("effects").effects(object.effects);
  json.close('}');
}

void put_column(const DecodedColumn& column, JsonWriter& json) {
  json.open('{');
  json.key("table").text(column.table);
  json.key("name").text(column.name);
  json.key("effects").effects(column.effects);
  json.close('}');
}

void put_statement(const DecodedStatement& statement, JsonWriter& json) {
  json.open('{');
  json.key("verb").text(statement.verb);
  json.key("effects").effects(statement.effects);
  put_list("objects", statement.objects, json, put_object);
  put_list("columns", statement.columns, json, put_column);
  put_list("functions", statement.functions, json, put_text);
  if (statement.row_bound != RowBound::kNotApplicable)
    json.key("row_bound").text(name_of(statement.row_bound));
  if (statement.limit) json.key("limit").number(*statement.limit);
  if (!statement.unknown_because.empty())
    json.key("unknown_because").text(statement.unknown_because);
  json.close('}');
}

void put_parameter(const DecodedParameter& parameter, JsonWriter& json) {
  json.open('{');
  json.key("type").number(parameter.type);
  put_flag("binary", parameter.binary, json);
  put_flag("redacted", parameter.redacted, json);
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
    json.key("full_bytes").number(parameter.full_bytes);
    json.key("full_sha256").hex_text(parameter.full_sha256);
  }
  json.close('}');
}

void put_lists(const DecodedRecord& record, JsonWriter& json) {
  put_labels(record, json);
  put_list("groups", record.groups, json, put_text);
  if (record.shape) {
    std::uint64_t shape = *record.shape;
    std::array<std::uint8_t, 8> bytes;
    for (std::size_t i = 8; i-- > 0; shape >>= 8) bytes[i] = static_cast<std::uint8_t>(shape);
    json.key("shape").hex_text(bytes);
  }
  put_list("statements", record.statements, json, put_statement);
  put_list("parameters", record.parameters, json, put_parameter);
}

}  // namespace

std::string to_json(const DecodedRecord& record) {
  std::string out;
  JsonWriter json(out);
  json.open('{');
  put_head(record, json);
  for (const Row& row : record_rows()) std::visit(Putter{record, row.name, json}, row.place);
  put_lists(record, json);
  json.key("previous").hex_text(record.previous);
  json.close('}');
  return out;
}

}  // namespace chaperone::audit
