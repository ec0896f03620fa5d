// The scenario of ../README.md with pgx.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

var ctx = context.Background()

func ok(step string) { fmt.Println("ok", step) }

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func same(wanted, got any) {
	if fmt.Sprint(wanted) != fmt.Sprint(got) {
		panic(fmt.Sprintf("wanted [%v], got [%v]", wanted, got))
	}
}

func refused(err error) string {
	var server *pgconn.PgError
	if errors.As(err, &server) {
		return server.Code
	}
	panic(fmt.Sprintf("this should have been refused: %v", err))
}

func open(mode string) *pgx.Conn {
	db, err := pgx.Connect(ctx, "sslmode="+mode)
	must(err)
	return db
}

func value(db *pgx.Conn, sql string, args ...any) (got string) {
	must(db.QueryRow(ctx, sql, args...).Scan(&got))
	return
}

func run(db *pgx.Conn, sql string) error {
	_, err := db.Exec(ctx, sql)
	return err
}

func connections() {
	for _, m := range [][2]string{{"disable", "connect"}, {"require", "tls_require"}, {"verify-full", "tls_verify_full"}} {
		db := open(m[0])
		same("2", value(db, "select (1 + 1)::text"))
		must(db.Close(ctx))
		ok(m[1])
	}
}

func queries(db *pgx.Conn) {
	owners := "select string_agg(owner, ',' order by id) from accounts"
	same("ada,bob,cyd", value(db, owners, pgx.QueryExecModeSimpleProtocol))
	ok("simple")
	for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeExec, pgx.QueryExecModeDescribeExec, pgx.QueryExecModeCacheDescribe} {
		same("it's", value(db, "select $1::text", mode, "it's"))
	}
	ok("parameters")
	for i := 0; i < 9; i++ {
		same([]string{"ada", "bob", "cyd"}[i%3], value(db, "select owner from accounts where id = $1", i%3+1))
	}
	ok("prepared")
	batch := &pgx.Batch{}
	for i := 0; i < 100; i++ {
		batch.Queue("select $1::int * 2", i)
	}
	results := db.SendBatch(ctx, batch)
	for i := 0; i < 100; i++ {
		var got int
		must(results.QueryRow().Scan(&got))
		same(i*2, got)
	}
	must(results.Close())
	ok("pipeline")
}

func transactions(db *pgx.Conn) {
	insert, count := "insert into events(kind) values ('pgx-a')", "select count(*)::text from events where kind = 'pgx-a'"
	tx, err := db.Begin(ctx)
	must(err)
	_, err = tx.Exec(ctx, insert)
	must(err)
	inner, err := tx.Begin(ctx)
	must(err)
	_, err = inner.Exec(ctx, insert)
	must(err)
	must(inner.Rollback(ctx))
	must(tx.Commit(ctx))
	tx, err = db.Begin(ctx)
	must(err)
	_, err = tx.Exec(ctx, insert)
	must(err)
	must(tx.Rollback(ctx))
	same("1", value(db, count))
	ok("transaction")
}

func copies(db *pgx.Conn) {
	rows := make([][]any, 1000)
	for i := range rows {
		rows[i] = []any{"pgx-copy", strings.Repeat("x", i)}
	}
	copied, err := db.CopyFrom(ctx, pgx.Identifier{"events"}, []string{"kind", "detail"}, pgx.CopyFromRows(rows))
	must(err)
	same(1000, copied)
	ok("copy_in")
	var out bytes.Buffer
	_, err = db.PgConn().CopyTo(ctx, &out, "copy (select id, owner from accounts order by id) to stdout")
	must(err)
	same("1\tada\n2\tbob\n3\tcyd\n", out.String())
	ok("copy_out")
}

func messages() {
	config, err := pgx.ParseConfig("")
	must(err)
	var seen []string
	config.OnNotice = func(_ *pgconn.PgConn, notice *pgconn.Notice) { seen = append(seen, notice.Code) }
	db, err := pgx.ConnectConfig(ctx, config)
	must(err)
	for _, sql := range []string{"begin", "begin", "rollback"} {
		must(run(db, sql))
	}
	same([]string{"25001"}, seen)
	ok("notice")
	must(run(db, "listen pgx_ch"))
	other := open("disable")
	must(run(other, "notify pgx_ch, 'hello'"))
	must(other.Close(ctx))
	note, err := db.WaitForNotification(ctx)
	must(err)
	same("hello", note.Payload)
	must(db.Close(ctx))
	ok("notify")
}

func cancel(db *pgx.Conn) {
	go func() {
		other := open("disable")
		for value(other, "select count(*)::text from pg_stat_activity where state = 'active' and "+
			"query like '%1000000000000%' and pid <> pg_backend_pid()") == "0" {
			time.Sleep(50 * time.Millisecond)
		}
		must(db.PgConn().CancelRequest(ctx))
		must(other.Close(ctx))
	}()
	same("57014", refused(run(db, "select count(*) from (select generate_series(1, 1000000000000)) x")))
	same("1", value(db, "select 1::text"))
	ok("cancel")
}

func failures(db *pgx.Conn) {
	must(run(db, "begin"))
	same("22012", refused(run(db, "select 1/0")))
	same("25P02", refused(run(db, "select 1")))
	must(run(db, "rollback"))
	ok("failed_transaction")
	same("42501", refused(run(db, "drop table guarded")))
	same("1", value(db, "select 1::text"))
	ok("refused_idle")
	must(run(db, "begin"))
	must(run(db, "insert into events(kind) values ('pgx-lost')"))
	same("42501", refused(run(db, "drop table guarded")))
	same("25P02", refused(run(db, "select 1")))
	tag, err := db.Exec(ctx, "commit")
	must(err)
	same("ROLLBACK", tag.String())
	same("0", value(db, "select count(*)::text from events where kind = 'pgx-lost'"))
	ok("refused_in_transaction")
}

func refusedOtherwise(db *pgx.Conn) {
	for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeExec, pgx.QueryExecModeCacheStatement, pgx.QueryExecModeCacheDescribe} {
		config, err := pgx.ParseConfig("")
		must(err)
		config.DefaultQueryExecMode = mode
		other, err := pgx.ConnectConfig(ctx, config)
		must(err)
		batch := &pgx.Batch{}
		batch.Queue("insert into events(kind) values ('pgx-batch')")
		batch.Queue("drop table guarded")
		batch.Queue("insert into events(kind) values ('pgx-batch')")
		same("42501", refused(other.SendBatch(ctx, batch).Close()))
		same("0", value(other, "select count(*)::text from events where kind = 'pgx-batch'"))
		must(other.Close(ctx))
	}
	ok("refused_in_pipeline")
	for i := 0; i < 3; i++ {
		_, err := db.Exec(ctx, "drop table guarded", pgx.QueryExecModeCacheStatement)
		same("42501", refused(err))
	}
	same("1", value(db, "select 1::text"))
	ok("refused_prepared")
	same("42501", refused(run(db, "copy guarded to program 'true'")))
	ok("refused_copy_program")
	pool, err := pgxpool.New(ctx, "pool_max_conns=2")
	must(err)
	for i := 0; i < 10; i++ {
		_, err := pool.Exec(ctx, "drop table guarded")
		same("42501", refused(err))
	}
	pool.Close()
	same("3", value(db, "select count(*)::text from guarded"))
	ok("still_there")
}

func main() {
	connections()
	db := open(os.Getenv("PGSSLMODE"))
	queries(db)
	transactions(db)
	copies(db)
	messages()
	cancel(db)
	failures(db)
	refusedOtherwise(db)
	must(db.Close(ctx))
}
