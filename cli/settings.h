#pragma once
// Where the collector is and how to be known to it. Flags win over the environment
// (CHAPERONE_COLLECTOR, CHAPERONE_TOKEN_FILE, CHAPERONE_CA_FILE), which wins over the file:
// CHAPERONE_CONFIG, or ~/.config/chaperone/config. The file is lines of "key = value" with the keys
// collector, token_file, ca_file, collector_key; '#' begins a comment.

#include <functional>
#include <string>

#include "proto-parsers/base/result.h"

namespace chaperone::cli {

struct Settings {
  std::string collector;  // https://host[:port]
  std::string token_file;
  std::string ca_file;        // PEM; empty: the system's
  std::string collector_key;  // hexadecimal, or a file that holds it: for verify
};

using Environment = std::function<std::string(const char* name)>;

// `flags` holds what was given on the command line; empty fields are filled in.
Result<Settings> complete(Settings flags, const Environment& environment);
// The lines of a file; the error names the line.
Result<Settings> parse_settings(const std::string& text);

}  // namespace chaperone::cli
