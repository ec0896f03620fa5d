// Writers, the fleet, alarms and the trail of reads.
#include "audit/record.h"
#include "audit/text.h"
#include "collector/api/borrowed.h"
#include "collector/api/parameters.h"
#include "collector/json.h"

namespace chaperone::collector {

namespace {
void put(JsonOut& json, const WriterRow& row) {
  json.open('{').field("writer", audit::hex(row.writer)).field("token", row.token);
  json.field_if("pod", row.pod).field_if("namespace", row.pod_namespace);
  json.field_if("service_account", row.service_account).field_if("node", row.node);
  json.field_if("build", row.build);
  json.field("first", rfc3339(row.first_ns)).field("last", rfc3339(row.last_ns));
  json.field("sequence", row.sequence).field("records", row.records);
  bool stopped = row.last_kind == static_cast<std::int64_t>(audit::RecordKind::kWriterStop);
  json.key("stopped").boolean(stopped);
  json.key("silent").boolean(!stopped && wall_now_ns() - row.last_ns >= kSilenceNs);
  json.key("keys").open('[');
  for (std::string_view keys = row.keys; !keys.empty();) {
    json.text(keys.substr(0, 64));
    keys.remove_prefix(std::min<std::size_t>(65, keys.size()));
  }
  json.close(']').close('}');
}

void put(JsonOut& json, const FleetRow& row) {
  json.open('{').field("writer", audit::hex(row.writer));
  json.field_if("pod", row.pod).field_if("namespace", row.pod_namespace);
  json.field_if("service_account", row.service_account).field_if("node", row.node);
  json.field_if("build", row.build).field_if("policy", row.policy);
  json.field_if("revision", row.revision).field("digest", row.digest);
  json.field("since", rfc3339(row.policy_ns)).field("last", rfc3339(row.last_ns));
  json.key("silent").boolean(wall_now_ns() - row.last_ns >= kSilenceNs);
  json.key("old").boolean(row.digest != row.current_digest);
  json.field_if("current_revision", row.current_revision);
  json.field("current_digest", row.current_digest).close('}');
}

void put(JsonOut& json, const AlarmRow& row) {
  json.open('{').field("id", row.id).field("kind", row.kind);
  if (row.writer != audit::Id{}) json.field("writer", audit::hex(row.writer));
  if (row.sequence != 0) json.field("sequence", row.sequence);
  json.field("detail", row.detail).field_if("evidence", row.evidence);
  json.field("first", rfc3339(row.first_ns))
      .field("last", rfc3339(row.last_ns))
      .field("count", row.count);
  json.close('}');
}

void put(JsonOut& json, const AccessRow& row) {
  json.open('{')
      .field("at", rfc3339(row.at_ns))
      .field("token", row.token)
      .field("address", row.address);
  json.field("path", row.path).field_if("query", row.query);
  json.field("status", row.status).field("items", row.items).close('}');
}

template <class Row>
HttpReply page_reply(const char* name, const std::vector<Row>& rows, const Page& page) {
  JsonOut json;
  json.open('{').key(name).open('[');
  for (const Row& row : rows) put(json, row);
  json.close(']');
  if (static_cast<std::int64_t>(rows.size()) == page.limit)
    json.field("next", cursor_text(rows.back().id));
  json.close('}');
  HttpReply reply;
  reply.items = static_cast<std::int64_t>(rows.size());
  reply.body = json.take();
  return reply;
}
}  // namespace

HttpReply Api::writers(const HttpRequest& request) {
  auto known = check_parameters(request, {"limit", "cursor", "order"});
  auto page = parse_page(request);
  if (!known || !page)
    return error_reply(400, "parameter", (known ? page.error() : known.error()).message);
  Borrowed query(*this);
  if (!query) return query.refusal();
  auto rows = query->writers(*page);
  return rows ? page_reply("writers", *rows, *page) : failed(*query, rows.error());
}

HttpReply Api::fleet(const HttpRequest& request) {
  auto known = check_parameters(request, {"limit", "cursor", "order", "old"});
  auto page = parse_page(request);
  if (!known || !page)
    return error_reply(400, "parameter", (known ? page.error() : known.error()).message);
  std::string old = parameter(request, "old");
  if (!old.empty() && old != "true" && old != "false")
    return error_reply(400, "parameter", "old is true or false");
  Borrowed query(*this);
  if (!query) return query.refusal();
  auto rows = query->fleet(old == "true", wall_now_ns() - kFleetForgetNs, *page);
  return rows ? page_reply("pods", *rows, *page) : failed(*query, rows.error());
}

HttpReply Api::alarms(const HttpRequest& request) {
  auto known = check_parameters(request, {"limit", "cursor", "order", "kind"});
  auto page = parse_page(request);
  if (!known || !page)
    return error_reply(400, "parameter", (known ? page.error() : known.error()).message);
  Borrowed query(*this);
  if (!query) return query.refusal();
  auto rows = query->alarms(parameter(request, "kind"), *page);
  return rows ? page_reply("alarms", *rows, *page) : failed(*query, rows.error());
}

HttpReply Api::accesses(const HttpRequest& request) {
  auto known = check_parameters(request, {"limit", "cursor", "order"});
  auto page = parse_page(request);
  if (!known || !page)
    return error_reply(400, "parameter", (known ? page.error() : known.error()).message);
  Borrowed query(*this);
  if (!query) return query.refusal();
  auto rows = query->accesses(*page);
  return rows ? page_reply("accesses", *rows, *page) : failed(*query, rows.error());
}

}  // namespace chaperone::collector
