// The scenario of ../README.md with libpq, and its pipeline mode above all.
#include <libpq-fe.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char* step = "connect";
static void ok(void) { printf("ok %s\n", step); fflush(stdout); }
static void die(const char* what, const char* got) {
  fprintf(stderr, "FAIL %s: %s [%s]\n", step, what, got ? got : "(null)");
  exit(1);
}
static void same(const char* wanted, const char* got) {
  if (got == NULL || strcmp(wanted, got) != 0) die(wanted, got);
}

static PGconn* open_as(const char* options) {
  PGconn* db = PQconnectdb(options);
  if (PQstatus(db) != CONNECTION_OK) die("connect", PQerrorMessage(db));
  return db;
}
// The SQLSTATE of a result, or its first value, or its command tag.
static const char* answer(const PGresult* r) {
  static char text[256];
  const char* from = PQresultErrorField(r, PG_DIAG_SQLSTATE);
  if (from == NULL) from = PQntuples(r) > 0 ? PQgetvalue(r, 0, 0) : PQcmdStatus((PGresult*)r);
  snprintf(text, sizeof text, "%s", from);
  return text;
}
static void expect(PGconn* db, const char* sql, const char* wanted) {
  PGresult* r = PQexec(db, sql);
  same(wanted, answer(r));
  PQclear(r);
}
static void expect_status(PGconn* db, PGTransactionStatusType wanted) {
  if (PQtransactionStatus(db) != wanted) die("transaction status", PQdb(db));
}

static void connections(void) {
  const char* modes[][2] = {{"disable", "connect"}, {"require", "tls_require"}, {"verify-full", "tls_verify_full"}};
  for (int i = 0; i < 3; i++) {
    char options[64];
    step = modes[i][1];
    snprintf(options, sizeof options, "sslmode=%s", modes[i][0]);
    PGconn* db = open_as(options);
    expect(db, "select 1 + 1", "2");
    if (PQsslInUse(db) != (i > 0)) die("TLS in use", modes[i][0]);
    PQfinish(db);
    ok();
  }
}

static void queries(PGconn* db) {
  step = "simple";
  expect(db, "select string_agg(owner, ',' order by id) from accounts", "ada,bob,cyd");
  ok();
  step = "parameters";
  const char* text[] = {"it's"};
  for (int binary = 0; binary < 2; binary++) {
    PGresult* r = PQexecParams(db, "select $1::text", 1, NULL, text, (int[]){4}, (int[]){binary}, binary);
    same("it's", answer(r));
    PQclear(r);
  }
  ok();
  step = "prepared";
  PQclear(PQprepare(db, "owner_of", "select owner from accounts where id = $1", 1, NULL));
  const char* ids[] = {"1", "2", "3"};
  const char* owners[] = {"ada", "bob", "cyd"};
  for (int i = 0; i < 3; i++) {
    PGresult* r = PQexecPrepared(db, "owner_of", 1, &ids[i], NULL, NULL, 0);
    same(owners[i], answer(r));
    PQclear(r);
  }
  ok();
}

// The next result of a pipeline; NULLs between the results are stepped over.
static PGresult* next(PGconn* db) {
  PGresult* r = PQgetResult(db);
  return r != NULL ? r : PQgetResult(db);
}
static void send(PGconn* db, const char* sql) {
  if (!PQsendQueryParams(db, sql, 0, NULL, NULL, NULL, NULL, 0)) die("send", PQerrorMessage(db));
}
static void expect_next(PGconn* db, ExecStatusType status, const char* wanted) {
  PGresult* r = next(db);
  if (PQresultStatus(r) != status) die(PQresStatus(status), PQresStatus(PQresultStatus(r)));
  if (wanted != NULL) same(wanted, answer(r));
  PQclear(r);
}
static void leave_pipeline(PGconn* db) {
  while (PQpipelineStatus(db) != PQ_PIPELINE_OFF && !PQexitPipelineMode(db)) PQclear(PQgetResult(db));
}

static void pipeline(PGconn* db) {
  step = "pipeline";
  PQenterPipelineMode(db);
  for (int i = 0; i < 100; i++) {
    char sql[64];
    snprintf(sql, sizeof sql, "select %d * 2", i);
    send(db, sql);
  }
  PQpipelineSync(db);
  for (int i = 0; i < 100; i++) {
    char wanted[16];
    snprintf(wanted, sizeof wanted, "%d", i * 2);
    expect_next(db, PGRES_TUPLES_OK, wanted);
  }
  expect_next(db, PGRES_PIPELINE_SYNC, NULL);
  leave_pipeline(db);
  ok();
}

static void transactions(PGconn* db) {
  step = "transaction";
  expect(db, "begin", "BEGIN");
  expect(db, "insert into events(kind) values ('libpq-a')", "INSERT 0 1");
  expect(db, "savepoint s", "SAVEPOINT");
  expect(db, "insert into events(kind) values ('libpq-a')", "INSERT 0 1");
  expect(db, "rollback to s", "ROLLBACK");
  expect(db, "commit", "COMMIT");
  expect(db, "begin", "BEGIN");
  expect(db, "delete from events where kind = 'libpq-a'", "DELETE 1");
  expect(db, "rollback", "ROLLBACK");
  expect(db, "select count(*) from events where kind = 'libpq-a'", "1");
  ok();
}

static void copies(PGconn* db) {
  step = "copy_in";
  PQclear(PQexec(db, "copy events(kind, detail) from stdin"));
  for (int i = 0; i < 1000; i++) {
    char line[64];
    int size = snprintf(line, sizeof line, "libpq-copy\t%d\n", i);
    if (PQputCopyData(db, line, size) != 1) die("put", PQerrorMessage(db));
  }
  PQputCopyEnd(db, NULL);
  PGresult* r = PQgetResult(db);
  same("COPY 1000", answer(r));
  PQclear(r);
  PQclear(PQgetResult(db));
  PQclear(PQexec(db, "copy events(kind) from stdin"));  // and one that the client breaks off
  PQputCopyData(db, "libpq-broken\n", 13);
  PQputCopyEnd(db, "changed my mind");
  r = PQgetResult(db);
  same("57014", answer(r));
  PQclear(r);
  PQclear(PQgetResult(db));
  expect(db, "select count(*) from events where kind = 'libpq-broken'", "0");
  ok();
  step = "copy_out";
  PQclear(PQexec(db, "copy (select id, owner from accounts order by id) to stdout"));
  char all[256] = "";
  char* line = NULL;
  while (PQgetCopyData(db, &line, 0) > 0) {
    strncat(all, line, sizeof all - strlen(all) - 1);
    PQfreemem(line);
  }
  same("1\tada\n2\tbob\n3\tcyd\n", all);
  PQclear(PQgetResult(db));
  PQclear(PQgetResult(db));
  ok();
}

static char notice[8];
static void on_notice(void* unused, const PGresult* r) {
  (void)unused;
  snprintf(notice, sizeof notice, "%s", PQresultErrorField(r, PG_DIAG_SQLSTATE));
}
static void messages(PGconn* db) {
  step = "notice";
  PQsetNoticeReceiver(db, on_notice, NULL);
  expect(db, "begin", "BEGIN");
  expect(db, "begin", "BEGIN");
  expect(db, "rollback", "ROLLBACK");
  same("25001", notice);
  ok();
  step = "notify";
  expect(db, "listen libpq_ch", "LISTEN");
  PGconn* other = open_as("");
  expect(other, "notify libpq_ch, 'hello'", "NOTIFY");
  PQfinish(other);
  PGnotify* note = NULL;
  while ((note = PQnotifies(db)) == NULL) {
    struct pollfd readable = {PQsocket(db), POLLIN, 0};
    if (poll(&readable, 1, 30000) != 1) die("no notification", NULL);
    PQconsumeInput(db);
  }
  same("hello", note->extra);
  PQfreemem(note);
  expect(db, "unlisten *", "UNLISTEN");
  ok();
}

static const char kRunning[] =
    "select count(*) from pg_stat_activity where state = 'active' and "
    "query like '%1000000000000%' and pid <> pg_backend_pid()";
static void cancel(PGconn* db) {
  step = "cancel";
  if (!PQsendQuery(db, "select count(*) from (select generate_series(1, 1000000000000)) x")) die("send", NULL);
  PGconn* other = open_as("");
  for (int found = 0; !found; usleep(50000)) {
    PGresult* r = PQexec(other, kRunning);
    found = strcmp(answer(r), "1") == 0;
    PQclear(r);
  }
  PQfinish(other);
  char why[256];
  PGcancel* request = PQgetCancel(db);
  if (!PQcancel(request, why, sizeof why)) die("cancel", why);
  PQfreeCancel(request);
  PGresult* r = PQgetResult(db);
  same("57014", answer(r));
  PQclear(r);
  PQclear(PQgetResult(db));
  expect(db, "select 'alive'", "alive");
  ok();
}

static void refused(PGconn* db) {
  step = "failed_transaction";
  expect(db, "begin", "BEGIN");
  expect(db, "select 1/0", "22012");
  expect(db, "select 1", "25P02");
  expect(db, "rollback", "ROLLBACK");
  ok();
  step = "refused_idle";
  expect(db, "drop table guarded", "42501");
  expect_status(db, PQTRANS_IDLE);
  expect(db, "select 'alive'", "alive");
  ok();
  step = "refused_in_transaction";
  expect(db, "begin", "BEGIN");
  expect(db, "insert into events(kind) values ('libpq-lost')", "INSERT 0 1");
  expect(db, "drop table guarded", "42501");
  expect_status(db, PQTRANS_INERROR);
  expect(db, "select 1", "25P02");
  expect(db, "commit", "ROLLBACK");
  expect_status(db, PQTRANS_IDLE);
  expect(db, "select count(*) from events where kind = 'libpq-lost'", "0");
  ok();
}

// insert, DROP, insert, Sync, select, Sync in one flight: `depth` times over.
static void refused_in_pipeline(PGconn* db) {
  enum { kDepth = 5 };
  step = "refused_in_pipeline";
  PQenterPipelineMode(db);
  for (int i = 0; i < kDepth; i++) {
    send(db, "insert into events(kind) values ('libpq-batch')");
    send(db, "drop table guarded");
    send(db, "insert into events(kind) values ('libpq-batch')");
    PQpipelineSync(db);
    send(db, "select 'alive'");
    PQpipelineSync(db);
  }
  for (int i = 0; i < kDepth; i++) {
    expect_next(db, PGRES_COMMAND_OK, "INSERT 0 1");
    expect_next(db, PGRES_FATAL_ERROR, "42501");
    expect_next(db, PGRES_PIPELINE_ABORTED, NULL);
    expect_next(db, PGRES_PIPELINE_SYNC, NULL);
    expect_next(db, PGRES_TUPLES_OK, "alive");
    expect_next(db, PGRES_PIPELINE_SYNC, NULL);
  }
  leave_pipeline(db);
  expect(db, "select count(*) from events where kind = 'libpq-batch'", "0");
  PQenterPipelineMode(db);  // the same inside a transaction block
  send(db, "begin");
  send(db, "insert into events(kind) values ('libpq-batch')");
  send(db, "drop table guarded");
  PQpipelineSync(db);
  send(db, "commit");
  PQpipelineSync(db);
  expect_next(db, PGRES_COMMAND_OK, "BEGIN");
  expect_next(db, PGRES_COMMAND_OK, "INSERT 0 1");
  expect_next(db, PGRES_FATAL_ERROR, "42501");
  expect_next(db, PGRES_PIPELINE_SYNC, NULL);
  expect_next(db, PGRES_COMMAND_OK, "ROLLBACK");
  expect_next(db, PGRES_PIPELINE_SYNC, NULL);
  leave_pipeline(db);
  expect(db, "select count(*) from events where kind = 'libpq-batch'", "0");
  ok();
}

static void refused_otherwise(PGconn* db) {
  step = "refused_prepared";
  PGresult* r = PQprepare(db, "d", "drop table guarded", 0, NULL);
  if (PQresultStatus(r) == PGRES_COMMAND_OK) {  // a server looks at rights only when it runs it
    PQclear(r);
    r = PQexecPrepared(db, "d", 0, NULL, NULL, NULL, 0);
  }
  same("42501", answer(r));
  PQclear(r);
  expect(db, "select 'alive'", "alive");
  ok();
  step = "refused_copy_program";
  expect(db, "copy guarded to program 'true'", "42501");
  ok();
  step = "still_there";
  expect(db, "select count(*) from guarded", "3");
  ok();
}

int main(void) {
  connections();
  PGconn* db = open_as("");
  queries(db);
  pipeline(db);
  transactions(db);
  copies(db);
  messages(db);
  cancel(db);
  refused(db);
  refused_in_pipeline(db);
  refused_otherwise(db);
  PQfinish(db);
  return 0;
}
