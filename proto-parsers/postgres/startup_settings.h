#pragma once
// Which settings a client may bring along in its startup packet, by name or hidden in `options`.
// An allow-list: what is not named here is refused with a text that says so, because a setting may
// change how the server reads statements, who the session is, or what code it loads.

#include <string>
#include <string_view>
#include <vector>

#include "proto-parsers/base/result.h"
#include "proto-parsers/postgres/startup.h"

namespace chaperone::pg {

// One run-time setting: name in lower case (settings fold case), value as given.
struct Setting {
  std::string name;
  std::string value;
};

// What a client's startup packet asks for, in our own copy.
struct StartupRequest {
  std::string user;                   // never empty
  std::string database;               // the user's name where none was given, as the server does
  bool replication = false;           // "replication" was true, on, yes, 1 or database
  bool replication_database = false;  // it was "database": a logical connection
  std::vector<Setting> settings;      // allowed ones; from `options` first, then named ones (these
                                      // win); a name comes once
};

// Error: the refusal's text, naming the parameter, why, and what to do instead.
Result<StartupRequest> read_request(const StartupPacket& packet);

// `options` as the server's pg_split_opts and its switches -c name=value, -cname=value and
// --name=value read it (backslash escapes the next character, spaces part); any other switch is an
// error that names it. Names are lower-cased, and '-' in them becomes '_'.
Result<std::vector<Setting>> parse_options(std::string_view options);

// Whether a client may set `name` (any case) to `value` at startup; the error is the refusal.
Result<void> check_setting(std::string_view name, std::string_view value);

}  // namespace chaperone::pg
