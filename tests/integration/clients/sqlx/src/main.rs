// The scenario of ../README.md with sqlx.
use futures::TryStreamExt;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgListener, PgPoolOptions, PgSslMode};
use sqlx::{ConnectOptions, Connection, Executor, Row};

type Answer<T> = Result<T, Box<dyn std::error::Error>>;

fn ok(step: &str) {
    println!("ok {step}");
}

fn options(mode: PgSslMode) -> PgConnectOptions {
    PgConnectOptions::new().ssl_mode(mode)
}

async fn value(db: &mut PgConnection, sql: &str) -> Answer<String> {
    Ok(sqlx::query(sql).fetch_one(db).await?.get(0))
}

// The SQLSTATE that a statement fails with: simple protocol for text alone.
fn code<T>(result: Result<T, sqlx::Error>) -> String {
    match result {
        Err(sqlx::Error::Database(error)) => error.code().unwrap_or_default().into_owned(),
        Err(other) => panic!("no answer of the server: {other}"),
        Ok(_) => panic!("this should have been refused"),
    }
}

async fn connections() -> Answer<()> {
    let modes = [(PgSslMode::Disable, "connect"), (PgSslMode::Require, "tls_require"), (PgSslMode::VerifyFull, "tls_verify_full")];
    for (mode, step) in modes {
        let mut db = options(mode).connect().await?;
        assert_eq!(value(&mut db, "select (1 + 1)::text").await?, "2");
        db.close().await?;
        ok(step);
    }
    Ok(())
}

async fn queries(db: &mut PgConnection) -> Answer<()> {
    let row = (&mut *db).fetch_one("select string_agg(owner, ',' order by id) from accounts").await?;
    assert_eq!(row.get::<String, _>(0), "ada,bob,cyd");
    ok("simple");
    let row = sqlx::query("select $1::text, $2::int, $3::text").bind("it's").bind(7).bind(None::<String>).fetch_one(&mut *db).await?;
    assert_eq!((row.get::<String, _>(0), row.get::<i32, _>(1), row.get::<Option<String>, _>(2)), ("it's".into(), 7, None));
    ok("parameters");
    for (id, owner) in [(1, "ada"), (2, "bob"), (3, "cyd")] {
        let row = sqlx::query("select owner from accounts where id = $1").bind(id).fetch_one(&mut *db).await?;
        assert_eq!(row.get::<String, _>(0), owner);
    }
    ok("prepared");
    println!("skip pipeline this client sends one query at a time");
    Ok(())
}

async fn transactions(db: &mut PgConnection) -> Answer<()> {
    let insert = "insert into events(kind) values ('sqlx-a')";
    let mut outer = db.begin().await?;
    sqlx::query(insert).execute(&mut *outer).await?;
    let mut inner = outer.begin().await?;
    sqlx::query(insert).execute(&mut *inner).await?;
    inner.rollback().await?;
    outer.commit().await?;
    let mut outer = db.begin().await?;
    sqlx::query(insert).execute(&mut *outer).await?;
    outer.rollback().await?;
    assert_eq!(value(db, "select count(*)::text from events where kind = 'sqlx-a'").await?, "1");
    ok("transaction");
    Ok(())
}

async fn copies(db: &mut PgConnection) -> Answer<()> {
    let mut copy = db.copy_in_raw("copy events(kind, detail) from stdin").await?;
    for n in 0..1000 {
        copy.send(format!("sqlx-copy\t{n}\n").as_bytes()).await?;
    }
    assert_eq!(copy.finish().await?, 1000);
    ok("copy_in");
    let mut out = Vec::new();
    let mut stream = db.copy_out_raw("copy (select id, owner from accounts order by id) to stdout").await?;
    while let Some(part) = stream.try_next().await? {
        out.extend_from_slice(&part);
    }
    drop(stream);
    assert_eq!(out, b"1\tada\n2\tbob\n3\tcyd\n");
    ok("copy_out");
    Ok(())
}

async fn messages(db: &mut PgConnection) -> Answer<()> {
    println!("skip notice this client logs them and no more");
    let pool = PgPoolOptions::new().max_connections(1).connect_with(options(PgSslMode::Disable)).await?;
    let mut listener = PgListener::connect_with(&pool).await?;
    listener.listen("sqlx_ch").await?;
    db.execute("notify sqlx_ch, 'hello'").await?;
    assert_eq!(listener.recv().await?.payload(), "hello");
    ok("notify");
    println!("skip cancel this client has no way to ask for it");
    Ok(())
}

async fn failures(db: &mut PgConnection) -> Answer<()> {
    let mut tx = db.begin().await?;
    assert_eq!(code(tx.execute("select 1/0").await), "22012");
    assert_eq!(code(tx.execute("select 1").await), "25P02");
    tx.rollback().await?;
    ok("failed_transaction");
    assert_eq!(code(db.execute("drop table guarded").await), "42501");
    assert_eq!(value(db, "select 'alive'").await?, "alive");
    ok("refused_idle");
    let mut tx = db.begin().await?;
    tx.execute("insert into events(kind) values ('sqlx-lost')").await?;
    assert_eq!(code(sqlx::query("drop table guarded").execute(&mut *tx).await), "42501");
    assert_eq!(code(tx.execute("select 1").await), "25P02");
    tx.commit().await?; // the server answers ROLLBACK, which this client takes for done
    assert_eq!(value(db, "select count(*)::text from events where kind = 'sqlx-lost'").await?, "0");
    ok("refused_in_transaction");
    Ok(())
}

async fn refused_otherwise(db: &mut PgConnection) -> Answer<()> {
    let batch = "insert into events(kind) values ('sqlx-batch'); drop table guarded; select 1";
    assert_eq!(code(db.execute(batch).await), "42501");
    assert_eq!(value(db, "select count(*)::text from events where kind = 'sqlx-batch'").await?, "0");
    ok("refused_in_pipeline");
    for _ in 0..3 {
        assert_eq!(code(sqlx::query("drop table guarded").execute(&mut *db).await), "42501");
    }
    assert_eq!(value(db, "select 'alive'").await?, "alive");
    ok("refused_prepared");
    assert_eq!(code(db.execute("copy guarded to program 'true'").await), "42501");
    ok("refused_copy_program");
    let pool = PgPoolOptions::new().max_connections(2).connect_with(options(PgSslMode::Disable)).await?;
    for _ in 0..10 {
        assert_eq!(code(pool.execute("drop table guarded").await), "42501");
    }
    pool.close().await;
    assert_eq!(value(db, "select count(*)::text from guarded").await?, "3");
    ok("still_there");
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Answer<()> {
    connections().await?;
    let mut db = options(PgSslMode::Disable).connect().await?;
    queries(&mut db).await?;
    transactions(&mut db).await?;
    copies(&mut db).await?;
    messages(&mut db).await?;
    failures(&mut db).await?;
    refused_otherwise(&mut db).await?;
    db.close().await?;
    Ok(())
}
