// Records and sessions, paged and live.
#include "audit/decoded.h"
#include "audit/text.h"
#include "collector/api/borrowed.h"
#include "collector/api/parameters.h"
#include "collector/json.h"

namespace chaperone::collector {

namespace {
HttpReply bad_request(const Error& error) { return error_reply(400, "parameter", error.message); }

void put_outcome(JsonOut& json, const RecordRow& row) {
  if (!row.status) return;
  json.key("outcome").open('{');
  json.field("status", audit::name_of(static_cast<audit::OutcomeStatus>(*row.status)));
  json.field_if("rows", row.rows)
      .field_if("duration_ns", row.duration_ns)
      .field_if("error", row.error);
  json.close('}');
}

void put_effects(JsonOut& json, EffectSet effects) {
  json.key("effects").open('[');
  for (int i = 0; i < kEffectCount; ++i) {
    if (effects.has(static_cast<Effect>(i))) json.text(name_of(static_cast<Effect>(i)));
  }
  json.close(']');
}

void put_session(JsonOut& json, const SessionRow& session) {
  json.open('{')
      .field("session", audit::hex(session.session))
      .field("writer", audit::hex(session.writer));
  json.field_if("pod", session.pod).field_if("namespace", session.pod_namespace);
  json.field_if("service_account", session.service_account)
      .field_if("principal", session.principal);
  json.field_if("resource", session.resource).field_if("target", session.target);
  json.field_if("protocol", session.protocol).field_if("client_user", session.client_user);
  json.field_if("client_database", session.client_database)
      .field_if("upstream_role", session.upstream_role);
  json.field_if("upstream_database", session.upstream_database);
  json.field_if("application_name", session.application);
  json.field("first", rfc3339(session.first_ns)).field("last", rfc3339(session.last_ns));
  if (session.closed_ns) json.field("closed", rfc3339(*session.closed_ns));
  json.field_if("close_reason", session.close_reason);
  if (session.refused) json.key("refused").raw("true");
  json.field("commands", session.commands)
      .field("denied", session.denied)
      .field("failed", session.failed);
  json.field("rows", session.rows);
  put_effects(json, session.effects);
  json.field("risk", name_of(session.risk));
  json.field("first_sequence", session.first_sequence)
      .field("last_sequence", session.last_sequence);
  json.close('}');
}

// The sessions whose id begins with these digits, 8 at the least.
bool begins_with(const std::string& digits, Filter& filter) {
  if (digits.size() < 8 || digits.size() > 32) return false;
  audit::Id low{}, high{};
  bool whole = audit::from_hex(digits + std::string(32 - digits.size(), '0'), low) &&
               audit::from_hex(digits + std::string(32 - digits.size(), 'f'), high);
  filter.session_low = low, filter.session_high = high;
  return whole;
}

// Keeps a place among the long polls for as long as it lives.
class TailPlace {
 public:
  explicit TailPlace(std::atomic<std::size_t>& count) : count_(count) {
    taken_ = ++count_ <= kTailsMax;
  }
  ~TailPlace() { --count_; }
  TailPlace(const TailPlace&) = delete;
  TailPlace& operator=(const TailPlace&) = delete;
  bool taken() const { return taken_; }

 private:
  std::atomic<std::size_t>& count_;
  bool taken_ = false;
};
}  // namespace

HttpReply Api::page_of_records(const HttpRequest&, const Filter& filter, const Page& page) {
  Borrowed query(*this);
  if (!query) return query.refusal();
  auto rows = query->records(filter, page);
  if (!rows) return failed(*query, rows.error());
  JsonOut json;
  json.open('{').key("records").open('[');
  HttpReply reply;
  std::size_t shown = 0;
  for (const RecordRow& row : *rows) {
    if (shown > 0 && json.str().size() > kAnswerBytesMax) break;
    auto bytes = query->record(row);
    if (!bytes && !damaged(row, bytes.error())) return failed(*query, bytes.error());
    auto record = audit::decode_record(bytes ? as_bytes(*bytes) : Bytes());
    json.open('{').field("cursor", cursor_text(row.id)).field("writer", audit::hex(row.writer));
    json.field("received", rfc3339(row.received_ns));
    if (!bytes) json.field("damaged", row.sequence);
    if (record) {
      if (record->kind == audit::RecordKind::kCommand) put_outcome(json, row);
      json.key("record").raw(audit::to_json(*record));
    }
    json.close('}');
    ++shown;
  }
  json.close(']');
  bool more = shown < rows->size() || static_cast<std::int64_t>(rows->size()) == page.limit;
  if (shown > 0 && (more || page.ascending)) json.field("next", cursor_text((*rows)[shown - 1].id));
  json.close('}');
  reply.items = static_cast<std::int64_t>(shown);
  reply.body = json.take();
  return reply;
}

HttpReply Api::records(const HttpRequest& request) {
  auto filter = parse_filter(request, {"limit", "cursor", "order"});
  if (!filter) return bad_request(filter.error());
  auto page = parse_page(request);
  if (!page) return bad_request(page.error());
  return page_of_records(request, *filter, *page);
}

HttpReply Api::tail(const HttpRequest& request) {
  auto filter = parse_filter(request, {"limit", "cursor", "wait_s"});
  if (!filter) return bad_request(filter.error());
  auto page = parse_page(request);
  if (!page) return bad_request(page.error());
  auto wait_s = number_parameter(request, "wait_s");
  if (!wait_s) return bad_request(wait_s.error());
  if (wait_s->value_or(0) > static_cast<std::int64_t>(kTailWaitMaxS)) {
    return bad_request(Error{"wait_s must lie between 0 and " + std::to_string(kTailWaitMaxS)});
  }
  page->ascending = true;
  TailPlace place(tails_);
  if (!place.taken())
    return error_reply(429, "tails", "too many readers follow the trail already; try later");

  std::int64_t seen = parts_.store.status().last_record_id;
  std::int64_t start = page->cursor.value_or(seen);
  page->cursor = start;
  std::int64_t until_ns = wall_now_ns() + wait_s->value_or(0) * 1'000'000'000;
  while (true) {
    seen = parts_.store.status().last_record_id;
    HttpReply reply = page_of_records(request, *filter, *page);
    std::int64_t left_ms = (until_ns - wall_now_ns()) / 1'000'000;
    bool done = reply.status != 200 || reply.items > 0 || left_ms <= 0 || stopping_;
    if (done && reply.status == 200 && reply.items == 0) {
      // Nothing matched up to `seen`: the next poll need not look there again.
      reply.body = "{\"records\":[],\"next\":\"" + cursor_text(std::max(seen, start)) + "\"}";
    }
    if (done) return reply;
    (void)parts_.store.wait_for_record(seen, static_cast<std::uint64_t>(left_ms));
    // What was there did not match: the next look begins behind it.
    page->cursor = std::max(seen, start);
  }
}

HttpReply Api::sessions(const HttpRequest& request) {
  auto filter = parse_filter(request, {"limit", "cursor", "order"});
  if (!filter) return bad_request(filter.error());
  auto page = parse_page(request);
  if (!page) return bad_request(page.error());
  Borrowed query(*this);
  if (!query) return query.refusal();
  auto rows = query->sessions(*filter, *page);
  if (!rows) return failed(*query, rows.error());
  JsonOut json;
  json.open('{').key("sessions").open('[');
  for (const SessionRow& row : *rows) put_session(json, row);
  json.close(']');
  if (static_cast<std::int64_t>(rows->size()) == page->limit)
    json.field("next", cursor_text(rows->back().id));
  json.close('}');
  HttpReply reply;
  reply.items = static_cast<std::int64_t>(rows->size());
  reply.body = json.take();
  return reply;
}

HttpReply Api::session(const HttpRequest& request) {
  if (auto known = check_parameters(request, {"writer"}); !known) return bad_request(known.error());
  auto filter = parse_filter(request, {});
  if (!filter) return bad_request(filter.error());
  if (!begins_with(request.path_values.at("session"), *filter)) {
    return error_reply(404, "no_such_session",
                       "a session's id is 32 hexadecimal digits; the first 8 may do");
  }
  Borrowed query(*this);
  if (!query) return query.refusal();
  Page two;
  two.limit = 2;
  auto rows = query->sessions(*filter, two);
  if (!rows) return failed(*query, rows.error());
  if (rows->empty())
    return error_reply(404, "no_such_session",
                       "no session has this id, or no longer; /v1/sessions (chaperone sessions) "
                       "lists those there are");
  if (rows->size() > 1)
    return error_reply(409, "ambiguous",
                       "more than one session begins so; give more digits, or writer=");
  JsonOut json;
  put_session(json, rows->front());
  HttpReply reply;
  reply.items = 1;
  reply.body = json.take();
  return reply;
}

}  // namespace chaperone::collector
