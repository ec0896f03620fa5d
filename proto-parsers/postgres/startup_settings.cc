#include "proto-parsers/postgres/startup_settings.h"

#include <algorithm>
#include <iterator>

#include "proto-parsers/postgres/client_encoding.h"

namespace chaperone::pg {

namespace {

// What only shapes results, bounds time or steers the planner. Not here, on purpose: whatever says
// who the session is (role, session_authorization), loads code (local_preload_libraries), changes
// how text is read (transform_null_equals), or weakens the server (synchronous_commit).
constexpr std::string_view kAllowed[] = {
    "application_name",
    "array_nulls",
    "bytea_output",
    "client_encoding",
    "client_min_messages",
    "datestyle",
    "default_text_search_config",
    "default_transaction_deferrable",
    "default_transaction_isolation",
    "default_transaction_read_only",
    "enable_bitmapscan",
    "enable_hashagg",
    "enable_hashjoin",
    "enable_indexonlyscan",
    "enable_indexscan",
    "enable_mergejoin",
    "enable_nestloop",
    "enable_seqscan",
    "enable_sort",
    "escape_string_warning",
    "extra_float_digits",
    "geqo",
    "idle_in_transaction_session_timeout",
    "idle_session_timeout",
    "intervalstyle",
    "jit",
    "lc_monetary",
    "lc_numeric",
    "lc_time",
    "lock_timeout",
    "max_parallel_workers_per_gather",
    "plan_cache_mode",
    "search_path",
    "standard_conforming_strings",
    "statement_timeout",
    "timezone",
    "work_mem",
    "xmlbinary",
};

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

// The server's parse_bool: unique beginnings count.
bool is_beginning(std::string_view value, std::string_view word, std::size_t least) {
  return value.size() >= least && word.starts_with(value);
}
bool is_true(std::string_view value) {
  return is_beginning(value, "true", 1) || is_beginning(value, "yes", 1) || value == "on" ||
         value == "1";
}
bool is_false(std::string_view value) {
  return is_beginning(value, "false", 1) || is_beginning(value, "no", 1) ||
         is_beginning(value, "off", 2) || value == "0";
}

void put(std::vector<Setting>& settings, Setting setting) {
  std::erase_if(settings, [&](const Setting& other) { return other.name == setting.name; });
  settings.push_back(std::move(setting));
}

// pg_split_opts: a backslash takes the next character as it is; a last one alone is dropped.
std::vector<std::string> split_options(std::string_view options) {
  std::vector<std::string> words;
  std::size_t i = 0;
  while (true) {
    while (i < options.size() && is_space(options[i])) ++i;
    if (i == options.size()) return words;
    std::string word;
    bool escaped = false;
    for (; i < options.size() && (escaped || !is_space(options[i])); ++i) {
      const bool opens = !escaped && options[i] == '\\';
      if (!opens) word.push_back(options[i]);
      escaped = opens;
    }
    words.push_back(std::move(word));
  }
}

Error switch_error(std::string_view word) {
  return {"startup parameter \"options\": the switch \"" + std::string(word.substr(0, 64)) +
          "\" is not allowed; write settings as -c name=value"};
}

// ParseLongOption: a '-' in the name is an underscore.
Result<Setting> read_setting(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    return Error{"startup parameter \"options\": \"" + std::string(text.substr(0, 64)) +
                 "\" has no value; write settings as -c name=value"};
  }
  Setting setting{lower(text.substr(0, equals)), std::string(text.substr(equals + 1))};
  std::replace(setting.name.begin(), setting.name.end(), '-', '_');
  return setting;
}

Result<void> read_replication(std::string_view value, StartupRequest& request) {
  const std::string folded = lower(value);
  request.replication_database = folded == "database";
  request.replication = request.replication_database || is_true(folded);
  if (request.replication || is_false(folded)) return {};
  return Error{"startup parameter \"replication\": \"" + std::string(value.substr(0, 64)) +
               "\" is neither a truth value nor \"database\""};
}

Result<void> put_all(std::vector<Setting>& settings, std::vector<Setting> more) {
  for (Setting& setting : more) {
    if (auto allowed = check_setting(setting.name, setting.value); !allowed) return allowed;
    put(settings, std::move(setting));
  }
  return {};
}

Result<void> read_parameter(const NameValue& parameter, StartupRequest& request,
                            std::vector<Setting>& named) {
  const auto& [name, value] = parameter;
  if (name.starts_with(kProtocolOptionPrefix)) return {};  // answered by negotiate()
  if (name == "user") {
    request.user = value;
  } else if (name == "database") {
    request.database = value;
  } else if (name == "replication") {
    return read_replication(value, request);
  } else if (name == "options") {
    auto options = parse_options(value);
    if (!options) return options.error();
    return put_all(request.settings, std::move(options).value());
  } else {
    if (auto allowed = check_setting(name, value); !allowed) return allowed;
    put(named, {lower(name), std::string(value)});
  }
  return {};
}

}  // namespace

Result<void> check_setting(std::string_view name, std::string_view value) {
  const std::string folded = lower(name);
  const std::string named = "startup parameter \"" + folded.substr(0, 64) + "\"";
  if (std::find(std::begin(kAllowed), std::end(kAllowed), folded) == std::end(kAllowed)) {
    return Error{named +
                 " is not among the settings that a client may bring along; take it out of " +
                 "the connection's parameters, or SET it once connected, where the policy decides"};
  }
  if (folded == "standard_conforming_strings" && !is_true(lower(value))) {
    return Error{named + " must stay on: off changes how statements are read; take it out, and " +
                 "write E'...' where a string needs backslashes"};
  }
  if (folded == "client_encoding" && !client_encoding_is_safe(value)) {
    return Error{named + ": \"" + std::string(value.substr(0, 64)) + "\" is not an encoding in " +
                 "which statements can be read safely; use UTF8"};
  }
  return {};
}

Result<std::vector<Setting>> parse_options(std::string_view options) {
  std::vector<Setting> settings;
  const std::vector<std::string> words = split_options(options);
  for (std::size_t i = 0; i < words.size(); ++i) {
    std::string_view word = words[i];
    if (word == "-c") {
      if (++i == words.size()) return switch_error(word);
      word = words[i];
    } else if (word.starts_with("-c") || (word.starts_with("--") && word.size() > 2)) {
      word.remove_prefix(2);
    } else {
      return switch_error(word);
    }
    auto setting = read_setting(word);
    if (!setting) return setting.error();
    put(settings, std::move(setting).value());
  }
  return settings;
}

Result<StartupRequest> read_request(const StartupPacket& packet) {
  StartupRequest request;
  std::vector<Setting> named;
  for (const NameValue& parameter : packet.all()) {
    if (auto read = read_parameter(parameter, request, named); !read) return read.error();
  }
  if (request.user.empty()) {
    return Error{"no user name in the startup packet; give one in the connection's parameters"};
  }
  if (request.database.empty()) request.database = request.user;
  for (Setting& setting : named) put(request.settings, std::move(setting));
  return request;
}

}  // namespace chaperone::pg
