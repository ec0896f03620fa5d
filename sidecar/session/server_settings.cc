#include "sidecar/session/server_settings.h"

#include <charconv>

namespace chaperone::session {
namespace {

// "15.18 (Debian ...)" and "18beta1" to 150018 and 180000. Two bytes a part: no sum overflows,
// whatever a server says.
int version_number(std::string_view text) {
  std::uint16_t major = 0, minor = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), major);
  if (error == std::errc() && end != text.data() + text.size() && *end == '.') {
    std::from_chars(end + 1, text.data() + text.size(), minor);
  }
  return major * 10000 + minor;
}

template <class T>
bool assign(T& field, T value) {
  if (field == value) return false;
  field = std::move(value);
  return true;
}

}  // namespace

bool ServerSettings::on_parameter_status(std::string_view name, std::string_view value) {
  if (name == "standard_conforming_strings") {
    return assign(reading.standard_conforming_strings, value == "on");
  }
  if (name == "client_encoding") return assign(client_encoding, std::string(value));
  if (name == "server_encoding") return assign(server_encoding, std::string(value));
  if (name == "server_version") return assign(reading.server_version, version_number(value));
  return false;
}

std::string settings_query(bool prepared) {
  std::string query =
      "/* chaperone:settings */ "
      "SELECT 'role', CAST(current_user AS pg_catalog.text), '' "
      "UNION ALL SELECT 'standard_conforming_strings', "
      "pg_catalog.current_setting('standard_conforming_strings'), '' "
      "UNION ALL SELECT 'client_encoding', pg_catalog.current_setting('client_encoding'), '' "
      "UNION ALL SELECT 'transaction_read_only', "
      "pg_catalog.current_setting('transaction_read_only'), '' "
      "UNION ALL SELECT 'default_transaction_read_only', "
      "pg_catalog.current_setting('default_transaction_read_only'), '' "
      "UNION ALL SELECT 'schema', CAST(s AS pg_catalog.text), '' "
      "FROM pg_catalog.unnest(pg_catalog.current_schemas(false)) AS u(s)";
  if (prepared) {
    query +=
        " UNION ALL SELECT CASE WHEN from_sql THEN 'prepared by sql' ELSE 'prepared' END, name, "
        "statement FROM pg_catalog.pg_prepared_statements";
  }
  return query;
}

void SettingsReader::row(const Row& row) {
  if (row.size() != 3 || !row[0] || !row[1] || !row[2]) return;
  std::string_view what = *row[0];
  std::string_view value = *row[1];
  if (what == "role") settings_.role = value;
  if (what == "standard_conforming_strings") {
    settings_.reading.standard_conforming_strings = value == "on";
  }
  if (what == "client_encoding") settings_.client_encoding = value;
  if (what == "transaction_read_only") settings_.transaction_read_only = value == "on";
  if (what == "default_transaction_read_only") {
    settings_.default_transaction_read_only = value == "on";
  }
  if (what == "schema") settings_.search_path.emplace_back(value);
  if (!what.starts_with("prepared")) return;
  Prepared one{std::string(*row[2]), what != "prepared"};
  if (prepared_.emplace(value, std::move(one)).second) prepared_bytes_ += row[2]->size();
}

}  // namespace chaperone::session
