CREATE TABLE meta(key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE writers(
  id INTEGER PRIMARY KEY, writer BLOB NOT NULL UNIQUE, token TEXT NOT NULL,
  pod TEXT NOT NULL DEFAULT '', namespace TEXT NOT NULL DEFAULT '',
  service_account TEXT NOT NULL DEFAULT '', node TEXT NOT NULL DEFAULT '',
  first_ns INTEGER NOT NULL, last_ns INTEGER NOT NULL,
  sequence INTEGER NOT NULL DEFAULT 0, hash BLOB, records INTEGER NOT NULL DEFAULT 0,
  last_kind INTEGER NOT NULL DEFAULT 0, build TEXT NOT NULL DEFAULT '',
  policy TEXT NOT NULL DEFAULT '', policy_revision TEXT NOT NULL DEFAULT '',
  policy_digest TEXT NOT NULL DEFAULT '', policy_ns INTEGER NOT NULL DEFAULT 0,
  key BLOB);
CREATE INDEX writers_by_policy ON writers(namespace, policy, policy_ns);
CREATE TABLE enrolments(
  id INTEGER PRIMARY KEY, writer_id INTEGER NOT NULL, key BLOB NOT NULL, document BLOB NOT NULL,
  received_ns INTEGER NOT NULL, claims TEXT NOT NULL, file INTEGER NOT NULL, UNIQUE(writer_id, key));
-- A pod's labels as one text (index_record.cc); a writer has one set, or few.
CREATE TABLE label_sets(
  id INTEGER PRIMARY KEY, writer_id INTEGER NOT NULL, text TEXT NOT NULL, UNIQUE(writer_id, text));
CREATE TABLE sessions(
  id INTEGER PRIMARY KEY, writer_id INTEGER NOT NULL, session BLOB NOT NULL,
  pod TEXT NOT NULL DEFAULT '', namespace TEXT NOT NULL DEFAULT '',
  service_account TEXT NOT NULL DEFAULT '', principal TEXT NOT NULL DEFAULT '',
  resource TEXT NOT NULL DEFAULT '', target TEXT NOT NULL DEFAULT '', protocol TEXT NOT NULL DEFAULT '',
  client_user TEXT NOT NULL DEFAULT '', client_database TEXT NOT NULL DEFAULT '',
  upstream_role TEXT NOT NULL DEFAULT '', upstream_database TEXT NOT NULL DEFAULT '',
  application TEXT NOT NULL DEFAULT '',
  first_ns INTEGER NOT NULL, last_ns INTEGER NOT NULL, closed_ns INTEGER,
  close_reason TEXT NOT NULL DEFAULT '',
  commands INTEGER NOT NULL DEFAULT 0, denied INTEGER NOT NULL DEFAULT 0,
  failed INTEGER NOT NULL DEFAULT 0, rows INTEGER NOT NULL DEFAULT 0,
  effects INTEGER NOT NULL DEFAULT 0, risk INTEGER NOT NULL DEFAULT 0,
  refused INTEGER NOT NULL DEFAULT 0, labels_id INTEGER,
  first_sequence INTEGER NOT NULL, last_sequence INTEGER NOT NULL,
  UNIQUE(session, writer_id));
CREATE INDEX sessions_by_time ON sessions(last_ns);
CREATE TABLE records(
  id INTEGER PRIMARY KEY AUTOINCREMENT, writer_id INTEGER NOT NULL, sequence INTEGER NOT NULL,
  file INTEGER NOT NULL, offset INTEGER NOT NULL, bytes INTEGER NOT NULL,
  kind INTEGER NOT NULL, wall_ns INTEGER NOT NULL, received_ns INTEGER NOT NULL,
  session_id INTEGER, operation INTEGER NOT NULL,
  pod TEXT NOT NULL, namespace TEXT NOT NULL, service_account TEXT NOT NULL, resource TEXT NOT NULL,
  verb TEXT NOT NULL, effects INTEGER NOT NULL, risk INTEGER NOT NULL,
  verdict INTEGER, rule TEXT NOT NULL,
  status INTEGER, rows INTEGER, duration_ns INTEGER, error TEXT NOT NULL DEFAULT '',
  text TEXT NOT NULL, objects TEXT NOT NULL, labels_id INTEGER,
  UNIQUE(writer_id, sequence));
CREATE INDEX records_by_operation ON records(session_id, operation);
CREATE INDEX records_by_time ON records(wall_ns);
CREATE INDEX records_by_file ON records(file);
CREATE INDEX records_refused ON records(id) WHERE verdict > 0;
CREATE INDEX records_checkpoints ON records(writer_id, sequence) WHERE kind = 4;
CREATE INDEX records_by_pod ON records(pod, id);
CREATE VIRTUAL TABLE words USING fts5(
  text, objects, content='records', content_rowid='id', tokenize="unicode61 tokenchars '_'");
CREATE TABLE alarms(
  id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, writer BLOB NOT NULL,
  sequence INTEGER NOT NULL, detail TEXT NOT NULL, evidence TEXT NOT NULL DEFAULT '',
  first_ns INTEGER NOT NULL, last_ns INTEGER NOT NULL, count INTEGER NOT NULL DEFAULT 1,
  UNIQUE(kind, writer, sequence));
CREATE TABLE accesses(
  id INTEGER PRIMARY KEY AUTOINCREMENT, at_ns INTEGER NOT NULL, token TEXT NOT NULL,
  address TEXT NOT NULL, path TEXT NOT NULL, query TEXT NOT NULL, status INTEGER NOT NULL,
  items INTEGER NOT NULL);
CREATE INDEX accesses_by_time ON accesses(at_ns);
