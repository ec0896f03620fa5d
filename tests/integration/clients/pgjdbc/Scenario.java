// The scenario of ../README.md with pgjdbc.
import java.io.StringReader;
import java.io.StringWriter;
import java.sql.*;
import java.util.Properties;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyManager;

public class Scenario {
  interface Call { void run() throws Exception; }

  static void ok(String step) { System.out.println("ok " + step); }

  static void same(Object wanted, Object got) {
    if (!wanted.equals(got)) throw new AssertionError("wanted [" + wanted + "], got [" + got + "]");
  }

  static String refused(Call call) throws Exception {
    try {
      call.run();
    } catch (SQLException error) {
      // A batch hides the server's error behind its own.
      SQLException cause = error.getNextException() != null ? error.getNextException() : error;
      return cause.getSQLState();
    }
    throw new AssertionError("this should have been refused");
  }

  static Connection open(String mode, String... more) throws Exception {
    Properties p = new Properties();
    p.put("user", System.getenv("PGUSER"));
    p.put("password", System.getenv("PGPASSWORD"));
    p.put("sslmode", mode);
    p.put("sslrootcert", System.getenv("PGSSLROOTCERT"));
    for (int i = 0; i < more.length; i += 2) p.put(more[i], more[i + 1]);
    return DriverManager.getConnection("jdbc:postgresql://" + System.getenv("PGHOST") + ":"
        + System.getenv("PGPORT") + "/" + System.getenv("PGDATABASE"), p);
  }

  static String value(Connection db, String sql, Object... values) throws Exception {
    try (PreparedStatement s = db.prepareStatement(sql)) {
      for (int i = 0; i < values.length; i++) s.setObject(i + 1, values[i]);
      try (ResultSet r = s.executeQuery()) {
        r.next();
        return r.getString(1);
      }
    }
  }

  static void run(Connection db, String sql) throws Exception {
    try (Statement s = db.createStatement()) { s.execute(sql); }
  }

  static void connections() throws Exception {
    String[][] modes = {{"disable", "connect"}, {"require", "tls_require"}, {"verify-full", "tls_verify_full"}};
    for (String[] mode : modes) {
      try (Connection db = open(mode[0])) { same("2", value(db, "select 1 + 1")); }
      ok(mode[1]);
    }
  }

  static void queries(Connection db) throws Exception {
    try (Connection simple = open("disable", "preferQueryMode", "simple")) {
      same("ada,bob,cyd", value(simple, "select string_agg(owner, ',' order by id) from accounts"));
    }
    ok("simple");
    same("it's", value(db, "select ?::text", "it's"));
    ok("parameters");
    String[] owners = {"ada", "bob", "cyd"};
    try (PreparedStatement s = db.prepareStatement("select owner from accounts where id = ?")) {
      for (int i = 0; i < 12; i++) {  // past the fifth it is a named statement in binary
        s.setInt(1, i % 3 + 1);
        try (ResultSet r = s.executeQuery()) {
          r.next();
          same(owners[i % 3], r.getString(1));
        }
      }
    }
    db.setAutoCommit(false);
    try (Statement s = db.createStatement()) {  // a portal with row limits
      s.setFetchSize(50);
      int rows = 0;
      try (ResultSet r = s.executeQuery("select generate_series(1, 1020)")) { while (r.next()) rows++; }
      same(1020, rows);
    }
    db.commit();
    db.setAutoCommit(true);
    ok("prepared");
    try (PreparedStatement s = db.prepareStatement("insert into events(kind) values (?)")) {
      for (int i = 0; i < 500; i++) { s.setString(1, "jdbc-many"); s.addBatch(); }
      same(500, s.executeBatch().length);
    }
    same("500", value(db, "select count(*) from events where kind = 'jdbc-many'"));
    ok("pipeline");
  }

  static void transactions(Connection db) throws Exception {
    String insert = "insert into events(kind) values ('jdbc-a')", count = "select count(*) from events where kind = 'jdbc-a'";
    db.setAutoCommit(false);
    run(db, insert);
    Savepoint s = db.setSavepoint();
    run(db, insert);
    db.rollback(s);
    db.commit();
    run(db, insert);
    db.rollback();
    db.setAutoCommit(true);
    same("1", value(db, count));
    ok("transaction");
  }

  static void copies(Connection db) throws Exception {
    CopyManager copy = db.unwrap(PGConnection.class).getCopyAPI();
    StringBuilder rows = new StringBuilder();
    for (int i = 0; i < 1000; i++) rows.append("jdbc-copy\t").append(i).append('\n');
    same(1000L, copy.copyIn("copy events(kind, detail) from stdin", new StringReader(rows.toString())));
    ok("copy_in");
    StringWriter out = new StringWriter();
    copy.copyOut("copy (select id, owner from accounts order by id) to stdout", out);
    same("1\tada\n2\tbob\n3\tcyd\n", out.toString());
    ok("copy_out");
  }

  static void messages(Connection db) throws Exception {
    try (Statement s = db.createStatement()) {
      s.execute("begin");
      s.execute("begin");
      same("25001", s.getWarnings().getSQLState());
      s.execute("rollback");
    }
    ok("notice");
    run(db, "listen jdbc_ch");
    try (Connection other = open("disable")) { run(other, "notify jdbc_ch, 'hello'"); }
    same("hello", db.unwrap(PGConnection.class).getNotifications(30000)[0].getParameter());
    run(db, "unlisten *");
    ok("notify");
  }

  static void cancel(Connection db) throws Exception {
    Statement s = db.createStatement();
    Thread later = new Thread(() -> {
      try (Connection other = open("disable")) {
        while (value(other, "select count(*) from pg_stat_activity where state = 'active' and "
            + "query like '%1000000000000%' and pid <> pg_backend_pid()").equals("0")) Thread.sleep(50);
        s.cancel();
      } catch (Exception e) {
        throw new RuntimeException(e);
      }
    });
    later.start();
    same("57014", refused(() -> s.executeQuery("select count(*) from (select generate_series(1, 1000000000000)) x")));
    later.join();
    same("1", value(db, "select 1"));
    ok("cancel");
  }

  static void failures(Connection db) throws Exception {
    db.setAutoCommit(false);
    same("22012", refused(() -> run(db, "select 1/0")));
    same("25P02", refused(() -> run(db, "select 1")));
    db.rollback();
    db.setAutoCommit(true);
    same("1", value(db, "select 1"));
    ok("failed_transaction");
    same("42501", refused(() -> run(db, "drop table guarded")));
    same("1", value(db, "select 1"));
    ok("refused_idle");
    run(db, "begin");
    run(db, "insert into events(kind) values ('jdbc-lost')");
    same("42501", refused(() -> run(db, "drop table guarded")));
    same("25P02", refused(() -> run(db, "select 1")));
    run(db, "rollback");
    same("0", value(db, "select count(*) from events where kind = 'jdbc-lost'"));
    ok("refused_in_transaction");
  }

  static void refusedOtherwise(Connection db) throws Exception {
    same("42501", refused(() -> {
      try (Statement s = db.createStatement()) {
        s.addBatch("insert into events(kind) values ('jdbc-batch')");
        s.addBatch("drop table guarded");
        s.addBatch("insert into events(kind) values ('jdbc-batch')");
        s.executeBatch();
      }
    }));
    same("1", value(db, "select 1"));
    ok("refused_in_pipeline");
    for (int i = 0; i < 8; i++) same("42501", refused(() -> db.prepareStatement("drop table guarded").execute()));
    same("1", value(db, "select 1"));
    ok("refused_prepared");
    same("42501", refused(() -> run(db, "copy guarded to program 'true'")));
    ok("refused_copy_program");
    same("3", value(db, "select count(*) from guarded"));
    ok("still_there");
  }

  public static void main(String[] args) throws Exception {
    connections();
    try (Connection db = open(System.getenv("PGSSLMODE"))) {
      queries(db);
      transactions(db);
      copies(db);
      messages(db);
      cancel(db);
      failures(db);
      refusedOtherwise(db);
    }
  }
}
