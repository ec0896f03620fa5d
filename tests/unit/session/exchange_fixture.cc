#include "tests/unit/session/exchange_fixture.h"

#include "audit/decoded.h"
#include "proto-parsers/base/check.h"
#include "proto-parsers/postgres/encode.h"
#include "proto-parsers/postgres/writer.h"
#include "proto-parsers/sql/catalogue.h"

namespace chaperone::session {

const std::string kRules = R"(
rules:
- {name: most, action: allow, match: {effects: [read, describe, session, transaction, write, delete, run_code, define, import]}}
- {name: kept-stays, action: deny, match: {effects: [delete], objects: ["*kept"]}, reason: kept stays, hint: ask}
defaults:
  durability: {read: process, write: process, session: process, run_code: process, import: process, define: disk}
)";

namespace {

const std::string kResource = R"(
version: 1
resources:
- {name: shop, protocol: postgres, addresses: [10.0.0.1], hosts: [db], tls: off, logins: [{user: "*", role: app}]}
)";

std::shared_ptr<const policy::Policy> must_parse(const std::string& rules) {
  auto parsed = policy::parse_policy(kResource + rules, "p.yaml");
  if (!parsed.ok()) std::fprintf(stderr, "%s\n", parsed.error().message.c_str());
  return parsed.value();
}

}  // namespace

World::World(Options asked) : options(std::move(asked)) {
  disk_.syncs = false;
  policy = must_parse(options.rules);
  spool = spool::must_open(spool::options_in(dir_), disk_);
  trail = std::make_unique<Trail>(*spool);
  trail->set_who({&subject_, {}});
  ScopeFacts facts;
  facts.policy = policy;
  facts.resource = "shop";
  facts.database = "shop";
  ServerSettings settings;
  settings.role = "app";
  settings.server_encoding = options.server_encoding;
  settings.search_path = {"public"};
  exchange = std::make_unique<PostgresExchange>(*this, *trail, scopes_, *spool, metrics_, settings,
                                                facts, options.read_only, options.limits);
}

void World::send(std::string_view bytes) {
  while (!bytes.empty()) {
    std::size_t size = std::min(options.client_chunk, bytes.size());
    exchange->on_client(as_bytes(bytes.substr(0, size)));
    bytes.remove_prefix(size);
    settle();
  }
}

void World::query(std::string_view text) { send(query_message(text)); }

void World::settle() {
  while (!server.replies.empty() || (waiting && options.durable_at_once)) {
    if (waiting && options.durable_at_once) durable();
    std::string bytes = std::exchange(server.replies, {});
    for (std::size_t at = 0; at < bytes.size(); at += options.server_chunk) {
      exchange->on_server(as_bytes(std::string_view(bytes).substr(at, options.server_chunk)));
      if (bytes.size() - at <= options.server_chunk) break;
    }
  }
}

void World::durable() {
  CHECK(std::exchange(waiting, false));
  exchange->on_durable();
}

void World::use_policy(const std::string& rules) {
  policy = must_parse(rules);
  exchange->on_policy(policy);
}

void World::use_tables(const std::vector<std::pair<std::string, std::string>>& tables) {
  sql::CatalogueBuilder builder;
  using Cells = std::vector<std::optional<std::string_view>>;
  for (std::size_t i = 0; i < tables.size(); ++i) {
    std::string oid = std::to_string(20000 + i);
    CHECK(builder.add(0, Cells{oid, tables[i].first, tables[i].second, "r", "f", "f", "0"}).ok());
    CHECK(builder.add(1, Cells{oid, "a", "23", "f", "1"}).ok());
  }
  exchange->adopt_catalogue(builder.finish().value());
}

void World::to_client(Bytes bytes) { all_to_client.append(as_text(bytes)); }
void World::to_server(Bytes bytes) {
  CHECK(!waiting);
  all_to_server.append(as_text(bytes));
  server.take(bytes);
}
void World::need_durable(spool::Position position, policy::Durability durability) {
  ++waits;
  waiting = true;
  waited_for = durability;
  waited_position = position;
}
void World::need_catalogue(bool) { ++catalogue_asked; }
void World::failed(std::string_view word, std::string_view detail) {
  CHECK(failure.empty());
  failure = std::string(word) + ": " + std::string(detail);
}
void World::refused(const policy::Decision&, const Judged&) { ++refusals; }

std::string World::heard() {
  pg::BackendParser parser;
  Bytes bytes = as_bytes(all_to_client).subspan(heard_);
  std::string out;
  std::size_t at = 0;
  while (at < bytes.size()) {
    Step step = parser.next(bytes.subspan(at));
    if (step.kind == StepKind::kNeedMore) break;
    CHECK(step.kind != StepKind::kError);
    const pg::BackendMessage& message = parser.event();
    if (!out.empty()) out += ' ';
    if (step.kind == StepKind::kStream) {
      out += static_cast<char>(parser.stream_type());
    } else {
      out += static_cast<char>(message.type);
      if (message.type == pg::BackendType::kReadyForQuery) {
        out += std::string("(") + static_cast<char>(message.status) + ")";
      } else if (message.type == pg::BackendType::kErrorResponse) {
        out += "(" + std::string(message.fields.sqlstate());
        out += message.fields.message().starts_with("chaperone:") ? "*)" : ")";
      } else if (message.type == pg::BackendType::kCommandComplete) {
        out += "(" + std::string(message.text) + ")";
      }
    }
    at += step.consumed;
  }
  heard_ += at;
  return out;
}

std::vector<std::string> World::commands() {
  std::vector<std::string> found;
  for (const std::string& bytes : spool::all_records(*spool)) {
    auto record = audit::decode_record(as_bytes(bytes));
    CHECK(record.ok());
    if (record->kind != audit::RecordKind::kCommand) continue;
    found.push_back(std::to_string(record->operation) + " " +
                    std::string(audit::name_of(*record->verdict)) + " " + std::string(record->text));
  }
  return found;
}

std::vector<std::string> World::outcomes() {
  std::vector<std::string> found;
  for (const std::string& bytes : spool::all_records(*spool)) {
    auto record = audit::decode_record(as_bytes(bytes));
    CHECK(record.ok());
    if (record->kind != audit::RecordKind::kOutcome) continue;
    found.push_back(std::to_string(record->operation) + " " +
                    std::string(audit::name_of(*record->status)));
  }
  return found;
}

std::string query_message(std::string_view text) {
  std::string out;
  pg::append_query(out, text);
  return out;
}

std::string extended_unsynced(std::string_view text) {
  std::string out;
  pg::append_parse(out, "", text);
  pg::append_bind(out, "", "", {});
  pg::append_execute(out, "");
  return out;
}

std::string sync_message() {
  std::string out;
  pg::append_sync(out);
  return out;
}

std::string extended(std::string_view text) { return extended_unsynced(text) + sync_message(); }

std::string copy_data(std::string_view payload) {
  std::string out;
  pg::MessageWriter(out, pg::FrontendType::kCopyData).bytes(as_bytes(payload));
  return out;
}

std::string copy_done() {
  std::string out;
  pg::append_copy_done(out);
  return out;
}

}  // namespace chaperone::session
