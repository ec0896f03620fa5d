#include "collector/store/sqlite.h"

#include <sqlite3.h>

#include <ctime>

namespace chaperone::collector {

namespace {
std::int64_t monotonic_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}
// SQLite may keep no pointer of ours: it copies what is bound.
const auto kCopy = reinterpret_cast<sqlite3_destructor_type>(-1);
}  // namespace

Statement::Statement(sqlite3* database, std::string_view sql) : database_(database) {
  int code =
      sqlite3_prepare_v2(database, sql.data(), static_cast<int>(sql.size()), &statement_, nullptr);
  if (code != SQLITE_OK) {
    std::fprintf(stderr, "chaperone-collector: statement: %s\n", sqlite3_errmsg(database));
  }
  // What is prepared is our own text: a mistake in it is a bug, and a database whose schema does
  // not carry it was refused at open.
  CHECK(code == SQLITE_OK);
}

Statement::~Statement() { sqlite3_finalize(statement_); }

Statement& Statement::bind(int index, std::int64_t value) {
  CHECK(sqlite3_bind_int64(statement_, index, value) == SQLITE_OK);
  return *this;
}

Statement& Statement::bind(int index, std::string_view text) {
  CHECK(sqlite3_bind_text64(statement_, index, text.data() ? text.data() : "", text.size(), kCopy,
                            SQLITE_UTF8) == SQLITE_OK);
  return *this;
}

Statement& Statement::bind(int index, Bytes blob) {
  CHECK(sqlite3_bind_blob64(statement_, index, blob.data(), blob.size(), kCopy) == SQLITE_OK);
  return *this;
}

Statement& Statement::bind_null(int index) {
  CHECK(sqlite3_bind_null(statement_, index) == SQLITE_OK);
  return *this;
}

Statement& Statement::bind(int index, std::optional<std::uint64_t> value) {
  return value ? bind(index, static_cast<std::int64_t>(*value)) : bind_null(index);
}

Error Statement::error() const {
  return Error{std::string("store index: ") + sqlite3_errmsg(database_)};
}

Result<bool> Statement::step() {
  int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  Error failed = error();
  reset();
  return failed;
}

Result<void> Statement::run() {
  auto stepped = step();
  if (!stepped) return stepped.error();
  reset();
  return {};
}

void Statement::reset() {
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

std::int64_t Statement::number(int column) const {
  return sqlite3_column_int64(statement_, column);
}

std::optional<std::int64_t> Statement::optional_number(int column) const {
  if (sqlite3_column_type(statement_, column) == SQLITE_NULL) return {};
  return number(column);
}

std::string_view Statement::text(int column) const {
  auto* start = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
  return start ? std::string_view(start, size) : std::string_view();
}

Bytes Statement::blob(int column) const {
  auto* start = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement_, column));
  auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
  return start ? Bytes(start, size) : Bytes();
}

Result<std::unique_ptr<Database>> Database::open(const std::string& path, Mode mode) {
  int flags =
      mode == Mode::kWrite ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
  sqlite3* handle = nullptr;
  int code = sqlite3_open_v2(path.c_str(), &handle, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  std::unique_ptr<Database> database(new Database(handle));
  if (code != SQLITE_OK) {
    return Error{"cannot open the index " + path + ": " +
                 (handle ? sqlite3_errmsg(handle) : "no memory")};
  }
  sqlite3_busy_timeout(handle, 5000);
  return database;
}

Database::~Database() { sqlite3_close(handle_); }

Result<void> Database::run(const char* sql) {
  if (sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return Error{std::string("store index: ") + sqlite3_errmsg(handle_)};
}

std::int64_t Database::last_id() const { return sqlite3_last_insert_rowid(handle_); }
std::int64_t Database::changes() const { return sqlite3_changes64(handle_); }

int Database::on_progress(void* self) {
  auto* database = static_cast<Database*>(self);
  if (monotonic_ns() < database->deadline_ns_) return 0;
  database->timed_out_ = true;
  return 1;
}

void Database::set_deadline_ms(std::uint64_t ms) {
  timed_out_ = false;
  deadline_ns_ = monotonic_ns() + static_cast<std::int64_t>(ms) * 1'000'000;
  constexpr int kStepsBetween = 10'000;  // of SQLite's virtual machine: well below a millisecond
  sqlite3_progress_handler(handle_, ms ? kStepsBetween : 0, ms ? &on_progress : nullptr, this);
}

}  // namespace chaperone::collector
