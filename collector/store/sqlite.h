#pragma once
// SQLite behind two small types. Errors are SQLite's words with the statement's purpose in front.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "proto-parsers/base/bytes.h"
#include "proto-parsers/base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace chaperone::collector {

// A prepared statement: bind from 1, step, read columns from 0, reset. Not thread-safe.
class Statement {
 public:
  Statement(sqlite3* database, std::string_view sql);
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  Statement& bind(int index, std::int64_t value);
  Statement& bind(int index, std::string_view text);  // copied
  Statement& bind(int index, Bytes blob);             // copied
  Statement& bind_null(int index);
  Statement& bind(int index, std::optional<std::uint64_t> value);

  // True: a row is there. False: done. An error also resets.
  Result<bool> step();
  // For statements without rows: bind, run(), which resets for the next use.
  Result<void> run();
  void reset();

  std::int64_t number(int column) const;
  std::optional<std::int64_t> optional_number(int column) const;
  std::string_view text(int column) const;  // valid until the next step or reset
  Bytes blob(int column) const;             // likewise

 private:
  Error error() const;
  sqlite3* database_;
  sqlite3_stmt* statement_ = nullptr;
};

class Database {
 public:
  enum class Mode : std::uint8_t { kWrite, kRead };
  static Result<std::unique_ptr<Database>> open(const std::string& path, Mode mode);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  Result<void> run(const char* sql);  // one or many statements, no rows wanted
  sqlite3* handle() const { return handle_; }
  std::int64_t last_id() const;
  std::int64_t changes() const;

  // Statements end with an error once this much time went by; 0: none.
  void set_deadline_ms(std::uint64_t ms);
  bool timed_out() const { return timed_out_; }

 private:
  explicit Database(sqlite3* handle) : handle_(handle) {}
  static int on_progress(void* self);
  sqlite3* handle_;
  std::int64_t deadline_ns_ = 0;
  bool timed_out_ = false;
};

}  // namespace chaperone::collector
