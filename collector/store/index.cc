#include "collector/store/index.h"

#include <cstdio>

#include "audit/checkpoint.h"
#include "collector/store/index_statements.h"

namespace chaperone::collector {

extern const char kSchemaSql[];

namespace {
constexpr std::int64_t kSchemaVersion = 4;
constexpr std::string_view kOtherVersion = "the index was made by another version";

Result<bool> has_schema(Database& database) {
  Statement found(database.handle(), "SELECT count(*) FROM sqlite_master WHERE name = 'meta'");
  auto row = found.step();
  if (!row) return row.error();
  return found.number(0) > 0;
}

Result<void> prepare_schema(Database& database) {
  // NORMAL: after a power cut the index may be behind the log, never wrong; it is then caught up.
  auto set = database.run(
      "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -16384");
  if (!set) return set;
  auto present = has_schema(database);
  if (!present) return present.error();
  if (!*present) {
    if (auto made = database.run("BEGIN"); !made) return made;
    if (auto made = database.run(kSchemaSql); !made) return made;
    std::string version = "INSERT INTO meta VALUES('version', " + std::to_string(kSchemaVersion) +
                          "), ('file', 1), ('offset', " + std::to_string(kLogMagic.size()) +
                          "); COMMIT";
    return database.run(version.c_str());
  }
  Statement version(database.handle(), "SELECT value FROM meta WHERE key = 'version'");
  auto row = version.step();
  if (!row) return row.error();
  if (*row && version.number(0) == kSchemaVersion) return {};
  return Error{std::string(kOtherVersion)};
}

// The index is made from the log: another version's is of no use, and no loss.
Result<std::unique_ptr<Database>> open_database(const std::string& path) {
  for (bool again : {false, true}) {
    auto database = Database::open(path, Database::Mode::kWrite);
    if (!database) return database.error();
    auto prepared = prepare_schema(**database);
    if (prepared) return database;
    if (again || prepared.error().message != kOtherVersion) return prepared.error();
    database->reset();
    std::fprintf(stderr, "chaperone-collector: %s is another version's; made again from the log\n",
                 path.c_str());
    for (const char* suffix : {"", "-wal", "-shm"}) std::remove((path + suffix).c_str());
  }
  return Error{path + " cannot be made again; see that its folder can be written"};
}

Result<std::int64_t> one_number(Database& database, std::string_view sql) {
  Statement statement(database.handle(), sql);
  auto row = statement.step();
  if (!row) return row.error();
  return *row ? statement.number(0) : 0;
}
}  // namespace

Index::Index(std::unique_ptr<Database> database, const audit::PublicKey& collector)
    : database_(std::move(database)), collector_(collector) {}
Index::~Index() = default;

Result<std::unique_ptr<Index>> Index::open(const std::string& path,
                                           const audit::PublicKey& collector) {
  auto database = open_database(path);
  if (!database) return database.error();
  std::unique_ptr<Index> index(new Index(std::move(*database), collector));
  auto file = one_number(*index->database_, "SELECT value FROM meta WHERE key = 'file'");
  auto offset = one_number(*index->database_, "SELECT value FROM meta WHERE key = 'offset'");
  auto last = one_number(*index->database_, "SELECT coalesce(max(id), 0) FROM records");
  if (!file || !offset || !last) return (!file ? file : !offset ? offset : last).error();
  index->indexed_ = {static_cast<std::uint64_t>(*file), static_cast<std::uint64_t>(*offset)};
  index->committed_ = index->indexed_;
  index->last_record_id_ = *last;
  index->statements_ = std::make_unique<Statements>(index->database_->handle());
  return index;
}

Result<void> Index::begin() { return database_->run("BEGIN IMMEDIATE"); }

void Index::rollback() {
  (void)database_->run("ROLLBACK").ok();
  indexed_ = committed_;
}

Result<void> Index::commit() {
  Statement& place = statements_->set_place;
  place.bind(1, static_cast<std::int64_t>(indexed_.file))
      .bind(2, static_cast<std::int64_t>(indexed_.offset));
  if (auto set = place.run(); !set) return set;
  if (auto done = database_->run("COMMIT"); !done) return done;
  committed_ = indexed_;
  return {};
}

Result<void> Index::apply(LogPosition at, LogPosition next, Bytes payload) {
  auto entry = parse_log_entry(payload);
  Result<void> applied;
  if (entry) {
    switch (entry->tag) {
      case LogTag::kRecord:
        applied = apply_record(at, next, *entry);
        break;
      case LogTag::kEnrolment:
        applied = apply_enrolment(at, *entry);
        break;
      case LogTag::kAlarm:
        applied = apply_alarm(entry->body);
        break;
      case LogTag::kAccess:
        applied = apply_access(entry->body);
        break;
      case LogTag::kTorn:
        break;
    }
  }
  if (applied) indexed_ = next;
  return applied;
}

Result<std::int64_t> Index::writer_id(const audit::Id& writer, std::string_view token,
                                      std::int64_t received_ns) {
  Statement& add = statements_->add_writer;
  add.bind(1, Bytes(writer)).bind(2, token).bind(3, received_ns);
  if (auto added = add.run(); !added) return added.error();
  Statement& find = statements_->find_writer;
  find.bind(1, Bytes(writer));
  auto row = find.step();
  if (!row) return row.error();
  std::int64_t id = find.number(0);
  find.reset();
  return id;
}

Result<void> Index::apply_enrolment(LogPosition at, const LogEntry& entry) {
  auto enrolment = audit::decode_enrolment(entry.body, collector_);
  if (!enrolment)
    return {};  // another collector's key: the log says so for ever, the index ignores it
  auto id = writer_id(enrolment->writer, entry.token, entry.received_ns);
  if (!id) return id.error();
  auto claim = [&](const char* key) {
    auto found = enrolment->claims.find(key);
    return found == enrolment->claims.end() ? std::string() : found->second;
  };
  std::string claims;
  for (const auto& [key, value] : enrolment->claims) claims += key + "=" + value + "\n";
  Statement& add = statements_->add_enrolment;
  add.bind(1, *id)
      .bind(2, Bytes(enrolment->writer_key))
      .bind(3, entry.body)
      .bind(4, entry.received_ns);
  add.bind(5, claims).bind(6, static_cast<std::int64_t>(at.file));
  if (auto added = add.run(); !added) return added;
  Statement& name = statements_->name_writer;
  name.bind(1, *id).bind(2, claim("pod")).bind(3, claim("namespace"));
  name.bind(4, claim("service_account")).bind(5, claim("node")).bind(6, entry.token);
  return name.run();
}

}  // namespace chaperone::collector
