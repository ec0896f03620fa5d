#pragma once
// The statements by which the index is written, prepared once.

#include "collector/store/index.h"

namespace chaperone::collector {

struct Index::Statements {
  explicit Statements(sqlite3* database) : database_(database) {}

 private:
  sqlite3* database_;

 public:
  Statement set_place{database_,
                      "UPDATE meta SET value = CASE key WHEN 'file' THEN ?1 ELSE ?2 END "
                      "WHERE key IN ('file', 'offset')"};
  Statement add_writer{
      database_,
      "INSERT OR IGNORE INTO writers(writer, token, first_ns, last_ns) VALUES(?1, ?2, ?3, ?3)"};
  Statement find_writer{database_, "SELECT id FROM writers WHERE writer = ?1"};
  Statement name_writer{
      database_,
      "UPDATE writers SET pod = CASE ?2 WHEN '' THEN pod ELSE ?2 END, "
      "namespace = CASE ?3 WHEN '' THEN namespace ELSE ?3 END, "
      "service_account = CASE ?4 WHEN '' THEN service_account ELSE ?4 END, "
      "node = CASE ?5 WHEN '' THEN node ELSE ?5 END, token = ?6 WHERE id = ?1"};
  Statement advance_writer{
      database_,
      "UPDATE writers SET sequence = ?2, hash = ?3, last_ns = ?4, "
      "last_kind = CASE ?5 WHEN 4 THEN last_kind ELSE ?5 END, "
      "records = records + 1, build = CASE ?6 WHEN '' THEN build ELSE ?6 END, "
      "key = coalesce(?7, key) WHERE id = ?1"};
  Statement set_policy{database_,
                       "UPDATE writers SET policy = ?2, policy_revision = ?3, policy_digest = ?4, "
                       "policy_ns = ?5 WHERE id = ?1"};
  // What no token vouches for is told by the records themselves.
  Statement say_who{database_,
                    "UPDATE writers SET pod = CASE pod WHEN '' THEN ?2 ELSE pod END, "
                    "namespace = CASE namespace WHEN '' THEN ?3 ELSE namespace END, "
                    "service_account = CASE service_account WHEN '' THEN ?4 ELSE service_account "
                    "END, node = CASE node WHEN '' THEN ?5 ELSE node END WHERE id = ?1"};
  Statement add_enrolment{
      database_,
      "INSERT INTO enrolments(writer_id, key, document, received_ns, claims, file) "
      "VALUES(?1, ?2, ?3, ?4, ?5, ?6) "
      "ON CONFLICT(writer_id, key) DO UPDATE SET file = excluded.file"};
  Statement add_session{database_,
                        "INSERT OR IGNORE INTO sessions(writer_id, session, first_ns, last_ns, "
                        "first_sequence, last_sequence) VALUES(?1, ?2, ?3, ?3, ?4, ?4)"};
  Statement find_session{database_,
                         "SELECT id FROM sessions WHERE session = ?1 AND writer_id = ?2"};
  Statement describe_session{
      database_,
      "UPDATE sessions SET pod = ?2, namespace = ?3, service_account = ?4, "
      "principal = ?5, resource = ?6, target = ?7, protocol = ?8, client_user = ?9, "
      "client_database = ?10, upstream_role = ?11, upstream_database = ?12, "
      "application = ?13, labels_id = ?14 WHERE id = ?1"};
  Statement add_labels{database_,
                       "INSERT OR IGNORE INTO label_sets(writer_id, text) VALUES(?1, ?2)"};
  Statement find_labels{database_,
                        "SELECT id FROM label_sets WHERE writer_id = ?1 AND text = ?2"};
  Statement refuse_session{
      database_, "UPDATE sessions SET closed_ns = ?2, close_reason = ?3, refused = 1 WHERE id = ?1"};
  Statement advance_session{
      database_,
      "UPDATE sessions SET last_ns = max(last_ns, ?2), last_sequence = ?3, "
      "commands = commands + ?4, denied = denied + ?5, failed = failed + ?6, "
      "rows = rows + ?7, effects = effects | ?8, risk = max(risk, ?9) WHERE id = ?1"};
  Statement close_session{database_,
                          "UPDATE sessions SET closed_ns = ?2, close_reason = ?3 WHERE id = ?1"};
  Statement add_record{
      database_,
      "INSERT OR IGNORE INTO records(writer_id, sequence, file, offset, bytes, kind, wall_ns, "
      "received_ns, session_id, operation, pod, namespace, service_account, resource, verb, "
      "effects, risk, verdict, rule, status, rows, duration_ns, error, text, objects, "
      "labels_id) "
      "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, "
      "?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26)"};
  Statement add_words{database_, "INSERT INTO words(rowid, text, objects) VALUES(?1, ?2, ?3)"};
  Statement set_outcome{database_,
                        "UPDATE records SET status = ?3, rows = ?4, duration_ns = ?5, error = ?6 "
                        "WHERE session_id = ?1 AND operation = ?2 AND kind = 13"};
  Statement add_alarm{
      database_,
      "INSERT INTO alarms(kind, writer, sequence, detail, evidence, first_ns, last_ns) "
      "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?6) ON CONFLICT(kind, writer, sequence) "
      "DO UPDATE SET count = count + 1, last_ns = max(last_ns, excluded.last_ns)"};
  Statement add_access{database_,
                       "INSERT INTO accesses(at_ns, token, address, path, query, status, items) "
                       "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)"};
};

}  // namespace chaperone::collector
