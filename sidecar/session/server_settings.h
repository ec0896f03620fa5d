#pragma once
// The settings of an upstream connection that decide how statements are read and names resolved.
// Some are reported by the server of its own accord (ParameterStatus); the others are asked for by
// a marked query of ours, after login and after every statement that may have changed them.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "proto-parsers/sql/analyse.h"
#include "sidecar/session/own_query.h"

namespace chaperone::session {

struct ServerSettings {
  sql::Reading reading;
  std::string client_encoding = "UTF8";
  std::string server_encoding;               // the database's; the server tells it at login, once
  std::string role;                          // current_user
  std::vector<std::string> search_path;      // current_schemas(false): "$user" is resolved
  bool transaction_read_only = false;
  bool default_transaction_read_only = false;

  // Takes a ParameterStatus; true when it is one that matters here and it changed.
  bool on_parameter_status(std::string_view name, std::string_view value);
  bool operator==(const ServerSettings&) const = default;
};

// The marked query, and the reader of its rows. With `prepared`, the session's prepared statements
// are listed too: SQL's PREPARE shares their names.
std::string settings_query(bool prepared);

class SettingsReader {
 public:
  explicit SettingsReader(ServerSettings settings) : settings_(std::move(settings)) {
    settings_.search_path.clear();
  }
  void row(const Row& row);
  const ServerSettings& settings() const { return settings_; }
  struct Prepared {
    std::string text;
    bool by_sql = false;  // by PREPARE, not by the protocol's Parse
  };
  const std::map<std::string, Prepared, std::less<>>& prepared() const { return prepared_; }
  std::size_t prepared_bytes() const { return prepared_bytes_; }

 private:
  ServerSettings settings_;
  std::map<std::string, Prepared, std::less<>> prepared_;
  std::size_t prepared_bytes_ = 0;
};

}  // namespace chaperone::session
