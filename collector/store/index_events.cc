// Alarms and accesses, which the log carries as JSON; what ingest needs to know at start;
// retention.
#include <rapidjson/document.h>

#include "audit/text.h"
#include "collector/store/index_statements.h"

namespace chaperone::collector {

namespace {
std::string_view text_at(const rapidjson::Document& json, const char* key) {
  auto found = json.FindMember(key);
  if (found == json.MemberEnd() || !found->value.IsString()) return {};
  return {found->value.GetString(), found->value.GetStringLength()};
}
std::int64_t number_at(const rapidjson::Document& json, const char* key) {
  auto found = json.FindMember(key);
  return found == json.MemberEnd() || !found->value.IsInt64() ? 0 : found->value.GetInt64();
}
bool parse(rapidjson::Document& json, Bytes text) {
  json.Parse(reinterpret_cast<const char*>(text.data()), text.size());
  return !json.HasParseError() && json.IsObject();
}

std::map<std::string, std::string> parse_claims(std::string_view lines) {
  std::map<std::string, std::string> claims;
  while (!lines.empty()) {
    std::string_view line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(std::min(line.size() + 1, lines.size()));
    auto equals = line.find('=');
    if (equals != std::string_view::npos)
      claims[std::string(line.substr(0, equals))] = line.substr(equals + 1);
  }
  return claims;
}

template <class Array>
void copy_blob(Bytes blob, Array& out) {
  if (blob.size() == out.size()) std::copy(blob.begin(), blob.end(), out.begin());
}
}  // namespace

Result<void> Index::apply_alarm(Bytes text) {
  rapidjson::Document json;
  if (!parse(json, text)) return {};
  audit::Id writer{};
  (void)audit::from_hex(text_at(json, "writer"), writer);
  Statement& add = statements_->add_alarm;
  add.bind(1, text_at(json, "kind")).bind(2, Bytes(writer)).bind(3, number_at(json, "sequence"));
  add.bind(4, text_at(json, "detail"))
      .bind(5, text_at(json, "evidence"))
      .bind(6, number_at(json, "at_ns"));
  return add.run();
}

Result<void> Index::apply_access(Bytes text) {
  rapidjson::Document json;
  if (!parse(json, text)) return {};
  Statement& add = statements_->add_access;
  add.bind(1, number_at(json, "at_ns"))
      .bind(2, text_at(json, "token"))
      .bind(3, text_at(json, "address"));
  add.bind(4, text_at(json, "path")).bind(5, text_at(json, "query"));
  add.bind(6, number_at(json, "status")).bind(7, number_at(json, "items"));
  return add.run();
}

Result<std::vector<KnownWriter>> Index::writers() {
  constexpr auto kStop = static_cast<std::int64_t>(audit::RecordKind::kWriterStop);
  std::vector<KnownWriter> writers;
  Statement rows(
      database_->handle(),
      "SELECT w.writer, w.token, w.sequence, w.hash, w.last_ns, w.last_kind, e.key, e.claims, w.key "
      "FROM writers w LEFT JOIN enrolments e ON e.writer_id = w.id ORDER BY w.id, e.received_ns, e.id");
  while (true) {
    auto row = rows.step();
    if (!row) return row.error();
    if (!*row) return writers;
    audit::Id id{};
    copy_blob(rows.blob(0), id);
    if (writers.empty() || writers.back().writer != id) {
      KnownWriter writer;
      writer.writer = id;
      writer.token = rows.text(1);
      writer.last_ns = rows.number(4);
      writer.stopped = rows.number(5) == kStop;
      writer.chain.sequence = static_cast<std::uint64_t>(rows.number(2));
      copy_blob(rows.blob(3), writer.chain.hash);
      writers.push_back(std::move(writer));
    }
    if (rows.blob(6).empty()) continue;
    audit::PublicKey key{};
    copy_blob(rows.blob(6), key);
    if (rows.blob(6).size() == rows.blob(8).size() &&
        std::equal(rows.blob(6).begin(), rows.blob(6).end(), rows.blob(8).begin())) {
      writers.back().signer = writers.back().keys.size();
    }
    writers.back().keys.push_back(key);
    writers.back().claims = parse_claims(rows.text(7));
  }
}

Result<std::optional<std::int64_t>> Index::newest_in_file(std::uint64_t file) {
  Statement newest(database_->handle(), "SELECT max(received_ns) FROM records WHERE file = ?1");
  newest.bind(1, static_cast<std::int64_t>(file));
  auto row = newest.step();
  if (!row) return row.error();
  return newest.optional_number(0);
}

Result<std::string> Index::enrolments_to_keep(std::uint64_t file) {
  Statement rows(database_->handle(),
                 "SELECT w.token, e.received_ns, e.document FROM enrolments e JOIN writers w ON "
                 "w.id = e.writer_id "
                 "WHERE e.file = ?1 AND EXISTS (SELECT 1 FROM records r WHERE r.writer_id = w.id "
                 "AND r.file > ?1)");
  rows.bind(1, static_cast<std::int64_t>(file));
  std::string frames;
  while (true) {
    auto row = rows.step();
    if (!row) return row.error();
    if (!*row) return frames;
    append_log_enrolment(frames, rows.text(0), rows.number(1), rows.blob(2));
  }
}

Result<void> Index::forget_file(std::uint64_t file, std::int64_t before_ns) {
  constexpr const char* kForget[] = {
      "INSERT INTO words(words, rowid, text, objects) SELECT 'delete', id, text, objects FROM "
      "records "
      "WHERE file = ?1 AND (text <> '' OR objects <> '') AND ?2 = ?2",
      "DELETE FROM records WHERE file = ?1 AND ?2 = ?2",
      "DELETE FROM sessions WHERE last_ns < ?2 AND ?1 = ?1 AND NOT EXISTS "
      "(SELECT 1 FROM records r WHERE r.session_id = sessions.id)",
      "DELETE FROM enrolments WHERE received_ns < ?2 AND ?1 = ?1 AND NOT EXISTS "
      "(SELECT 1 FROM records r WHERE r.writer_id = enrolments.writer_id)",
      "DELETE FROM writers WHERE last_ns < ?2 AND ?1 = ?1 AND NOT EXISTS "
      "(SELECT 1 FROM records r WHERE r.writer_id = writers.id)",
      "DELETE FROM label_sets WHERE ?1 = ?1 AND ?2 = ?2 AND writer_id NOT IN "
      "(SELECT id FROM writers)",
      "DELETE FROM alarms WHERE last_ns < ?2 AND ?1 = ?1",
      "DELETE FROM accesses WHERE at_ns < ?2 AND ?1 = ?1",
  };
  for (const char* sql : kForget) {
    Statement forget(database_->handle(), sql);
    forget.bind(1, static_cast<std::int64_t>(file)).bind(2, before_ns);
    if (auto done = forget.run(); !done) return done;
  }
  return {};
}

}  // namespace chaperone::collector
