#include "collector/store/query.h"

#include "audit/record.h"
#include "collector/store/where.h"

namespace chaperone::collector {

namespace {
template <class Array>
void copy_blob(Bytes blob, Array& out) {
  if (blob.size() == out.size()) std::copy(blob.begin(), blob.end(), out.begin());
}
std::string text_of(const Statement& row, int column) { return std::string(row.text(column)); }

// Behind the cursor, in order, limited: the end of every paged statement. `id` is the id's column.
std::string paged(Where& where, const Page& page, const std::string& id) {
  where.add_if(id + (page.ascending ? " > ?" : " < ?"), page.cursor);
  return where.text() + " ORDER BY " + id + (page.ascending ? " ASC" : " DESC") + " LIMIT " +
         std::to_string(page.limit);
}

// Runs a statement and reads each row by `read`.
template <class Row, class Read>
Result<std::vector<Row>> rows_of(Database& database, const std::string& sql, const Where& where,
                                 Read read) {
  Statement statement(database.handle(), sql);
  where.bind(statement);
  std::vector<Row> rows;
  while (true) {
    auto row = statement.step();
    if (!row) return row.error();
    if (!*row) return rows;
    rows.push_back(read(statement));
  }
}

constexpr const char* kRecordColumns =
    "SELECT r.id, w.writer, r.received_ns, r.status, r.rows, r.duration_ns, r.error, r.file, "
    "r.offset, r.bytes, "
    "r.sequence FROM records r JOIN writers w ON w.id = r.writer_id";

RecordRow read_record(const Statement& row) {
  RecordRow record;
  record.id = row.number(0);
  copy_blob(row.blob(1), record.writer);
  record.received_ns = row.number(2);
  record.status = row.optional_number(3);
  record.rows = row.optional_number(4);
  record.duration_ns = row.optional_number(5);
  record.error = text_of(row, 6);
  record.at = {static_cast<std::uint64_t>(row.number(7)),
               static_cast<std::uint64_t>(row.number(8))};
  record.bytes = static_cast<std::size_t>(row.number(9));
  record.sequence = row.number(10);
  return record;
}

SessionRow read_session(const Statement& row) {
  SessionRow session;
  session.id = row.number(0);
  copy_blob(row.blob(1), session.writer);
  copy_blob(row.blob(2), session.session);
  std::string* texts[] = {
      &session.pod,           &session.pod_namespace,     &session.service_account,
      &session.principal,     &session.resource,          &session.target,
      &session.protocol,      &session.client_user,       &session.client_database,
      &session.upstream_role, &session.upstream_database, &session.application,
      &session.close_reason};
  int column = 3;
  for (std::string* text : texts) *text = text_of(row, column++);
  session.first_ns = row.number(16), session.last_ns = row.number(17);
  session.closed_ns = row.optional_number(18);
  session.commands = row.number(19), session.denied = row.number(20);
  session.failed = row.number(21), session.rows = row.number(22);
  session.effects = EffectSet::from_bits(static_cast<std::uint32_t>(row.number(23)));
  session.risk = static_cast<Risk>(row.number(24));
  session.first_sequence = row.number(25), session.last_sequence = row.number(26);
  session.refused = row.number(27) != 0;
  return session;
}

WriterRow read_writer(const Statement& row) {
  WriterRow writer;
  writer.id = row.number(0);
  copy_blob(row.blob(1), writer.writer);
  std::string* texts[] = {&writer.token,           &writer.pod,  &writer.pod_namespace,
                          &writer.service_account, &writer.node, &writer.build};
  int column = 2;
  for (std::string* text : texts) *text = text_of(row, column++);
  writer.first_ns = row.number(8), writer.last_ns = row.number(9), writer.sequence = row.number(10);
  writer.records = row.number(11), writer.last_kind = row.number(12);
  writer.keys = text_of(row, 13);
  return writer;
}

FleetRow read_fleet(const Statement& row) {
  FleetRow pod;
  pod.id = row.number(0);
  copy_blob(row.blob(1), pod.writer);
  std::string* texts[] = {&pod.pod,   &pod.pod_namespace, &pod.service_account, &pod.node,
                          &pod.build, &pod.policy,        &pod.revision,        &pod.digest};
  int column = 2;
  for (std::string* text : texts) *text = text_of(row, column++);
  pod.policy_ns = row.number(10), pod.last_ns = row.number(11);
  pod.current_revision = text_of(row, 12), pod.current_digest = text_of(row, 13);
  return pod;
}

AlarmRow read_alarm(const Statement& row) {
  AlarmRow alarm{row.number(0), text_of(row, 1), {},
                 row.number(3), text_of(row, 4), text_of(row, 5),
                 row.number(6), row.number(7),   row.number(8)};
  copy_blob(row.blob(2), alarm.writer);
  return alarm;
}

AccessRow read_access(const Statement& row) {
  return {row.number(0),   row.number(1),   text_of(row, 2), text_of(row, 3),
          text_of(row, 4), text_of(row, 5), row.number(6),   row.number(7)};
}
}  // namespace

Result<std::unique_ptr<Query>> Query::open(const std::string& index_path,
                                           const std::string& log_dir) {
  auto database = Database::open(index_path, Database::Mode::kRead);
  if (!database) return database.error();
  return std::unique_ptr<Query>(new Query(std::move(*database), log_dir));
}

Result<std::vector<RecordRow>> Query::records(const Filter& filter, const Page& page) {
  auto where = where_records(filter);
  if (!where) return where.error();
  std::string sql = kRecordColumns + paged(*where, page, "r.id");
  return rows_of<RecordRow>(*database_, sql, *where, read_record);
}

Result<std::vector<SessionRow>> Query::sessions(const Filter& filter, const Page& page) {
  auto where = where_sessions(filter);
  if (!where) return where.error();
  std::string sql =
      "SELECT s.id, w.writer, s.session, s.pod, s.namespace, s.service_account, s.principal, "
      "s.resource, "
      "s.target, s.protocol, s.client_user, s.client_database, s.upstream_role, "
      "s.upstream_database, "
      "s.application, s.close_reason, s.first_ns, s.last_ns, s.closed_ns, s.commands, s.denied, "
      "s.failed, "
      "s.rows, s.effects, s.risk, s.first_sequence, s.last_sequence, s.refused "
      "FROM sessions s JOIN writers w ON w.id = s.writer_id" +
      paged(*where, page, "s.id");
  return rows_of<SessionRow>(*database_, sql, *where, read_session);
}

Result<std::vector<WriterRow>> Query::writers(const Page& page) {
  Where where;
  std::string sql =
      "SELECT w.id, w.writer, w.token, w.pod, w.namespace, w.service_account, w.node, w.build, "
      "w.first_ns, w.last_ns, "
      "w.sequence, w.records, w.last_kind, (SELECT group_concat(lower(hex(e.key))) FROM enrolments "
      "e "
      "WHERE e.writer_id = w.id) FROM writers w" +
      paged(where, page, "w.id");
  return rows_of<WriterRow>(*database_, sql, where, read_writer);
}

Result<std::vector<FleetRow>> Query::fleet(bool old_only, std::int64_t since_ns,
                                           const Page& page) {
  const std::string live = "policy_ns > 0 AND last_kind <> " +
                           std::to_string(static_cast<int>(audit::RecordKind::kWriterStop));
  Where where;
  where.add("w.last_ns >= ?", since_ns);
  if (old_only) where.add("w.policy_digest <> c.policy_digest");
  // The last word of each policy is told by whoever took it up last.
  std::string sql =
      "WITH l AS (SELECT * FROM writers WHERE " + live + "), c AS (SELECT * FROM (SELECT "
      "namespace, policy, policy_revision, policy_digest, row_number() OVER (PARTITION BY "
      "namespace, policy ORDER BY policy_ns DESC, id DESC) AS place FROM l WHERE last_ns >= " +
      std::to_string(since_ns) +
      ") WHERE place = 1) SELECT w.id, w.writer, w.pod, w.namespace, w.service_account, w.node, "
      "w.build, w.policy, w.policy_revision, w.policy_digest, w.policy_ns, w.last_ns, "
      "c.policy_revision, c.policy_digest FROM l w JOIN c ON c.namespace = w.namespace AND "
      "c.policy = w.policy" +
      paged(where, page, "w.id");
  return rows_of<FleetRow>(*database_, sql, where, read_fleet);
}

Result<std::vector<AlarmRow>> Query::alarms(const std::string& kind, const Page& page) {
  Where where;
  where.add_if("kind = ?", kind);
  std::string sql =
      "SELECT id, kind, writer, sequence, detail, evidence, first_ns, last_ns, count FROM alarms" +
      paged(where, page, "id");
  return rows_of<AlarmRow>(*database_, sql, where, read_alarm);
}

Result<std::vector<AccessRow>> Query::accesses(const Page& page) {
  Where where;
  std::string sql = "SELECT id, at_ns, token, address, path, query, status, items FROM accesses" +
                    paged(where, page, "id");
  return rows_of<AccessRow>(*database_, sql, where, read_access);
}

Result<std::string> Query::record(const RecordRow& row) {
  auto payload = log_.read(row.at, row.bytes);
  if (!payload) return payload.error();
  auto entry = parse_log_entry(as_bytes(*payload));
  if (!entry || entry->tag != LogTag::kRecord)
    return Error{std::string(kDamagedText) + ": no record at its place"};
  return std::string(as_text(entry->body));
}

Result<std::string> Query::record_at(const audit::Id& writer, std::uint64_t sequence) {
  Where where;
  where.add("w.writer = ?", writer);
  where.add("r.sequence = ?", static_cast<std::int64_t>(sequence));
  auto rows = rows_of<RecordRow>(*database_, kRecordColumns + where.text(), where, read_record);
  if (!rows) return rows.error();
  if (rows->empty()) return Error{"record " + std::to_string(sequence) + " is not here"};
  return record(rows->front());
}

Result<std::vector<RecordRow>> Query::records_in(const LogDamage& damage, std::uint64_t limit) {
  auto begin = static_cast<std::int64_t>(damage.at.offset);
  Where where;
  where.add("r.file = ?", static_cast<std::int64_t>(damage.at.file));
  where.add("r.offset < ?", begin + static_cast<std::int64_t>(damage.bytes));
  where.add("r.offset + r.bytes > ?", begin);
  std::string sql = kRecordColumns + where.text() + " ORDER BY r.id LIMIT " + std::to_string(limit);
  return rows_of<RecordRow>(*database_, sql, where, read_record);
}

Result<std::vector<ExportRange>> Query::export_ranges(const Filter& filter) {
  auto where = where_records(filter);
  if (!where) return where.error();
  // Up to the first checkpoint (kind 4) at or behind the last wanted record; without one, to the
  // end.
  std::string sql =
      "SELECT w.id, w.writer, x.first, coalesce((SELECT min(c.sequence) FROM records c WHERE "
      "c.writer_id = w.id AND c.kind = 4 AND c.sequence >= x.last), w.sequence) FROM "
      "(SELECT r.writer_id, min(r.sequence) AS first, max(r.sequence) AS last FROM records r" +
      where->text() + " GROUP BY r.writer_id) x JOIN writers w ON w.id = x.writer_id ORDER BY w.id";
  return rows_of<ExportRange>(*database_, sql, *where, [](const Statement& row) {
    ExportRange range{row.number(0), {}, row.number(2), row.number(3)};
    copy_blob(row.blob(1), range.writer);
    return range;
  });
}

Result<std::vector<std::string>> Query::enrolments(std::int64_t writer_id) {
  Where where;
  where.add("writer_id = ?", writer_id);
  return rows_of<std::string>(
      *database_, "SELECT document FROM enrolments" + where.text() + " ORDER BY id", where,
      [](const Statement& row) { return std::string(as_text(row.blob(0))); });
}

Result<std::string> Query::enrolment_of(const audit::Id& writer, const audit::PublicKey& key) {
  Statement find(database_->handle(),
                 "SELECT e.document FROM enrolments e JOIN writers w ON w.id = e.writer_id "
                 "WHERE w.writer = ?1 AND e.key = ?2");
  find.bind(1, Bytes(writer)).bind(2, Bytes(key));
  auto row = find.step();
  if (!row) return row.error();
  if (!*row) return Error{"the enrolment is not in the index"};
  return std::string(as_text(find.blob(0)));
}

Result<std::vector<RecordRow>> Query::range_rows(const ExportRange& range,
                                                 std::int64_t after_sequence, std::int64_t limit) {
  Where where;
  where.add("r.writer_id = ?", range.writer_id);
  where.add("r.sequence > ?", after_sequence);
  where.add("r.sequence <= ?", range.last_sequence);
  std::string sql =
      kRecordColumns + where.text() + " ORDER BY r.sequence LIMIT " + std::to_string(limit);
  return rows_of<RecordRow>(*database_, sql, where, read_record);
}

}  // namespace chaperone::collector
