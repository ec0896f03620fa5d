#pragma once
// A request and its answer as the API sees them: no library, no socket.

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "collector/tokens.h"
#include "proto-parsers/base/result.h"

namespace chaperone::collector {

struct HttpRequest {
  std::string method, path;                        // path decoded, without the query
  std::multimap<std::string, std::string> query;   // decoded
  std::string query_text;                          // as sent
  std::function<std::string(const char*)> header;  // empty if absent
  std::string body;
  std::string address;  // of the peer
  // Filled in by the API:
  std::map<std::string, std::string> path_values;
  const Token* token = nullptr;  // null where the route is open to all
};

struct HttpReply {
  int status = 200;
  std::string type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  // Set for a streamed answer: appends the next piece, gives false behind the last. An error cuts
  // the answer short, so that the receiver cannot take it for whole.
  std::function<Result<bool>(std::string& out)> stream;
  std::int64_t items = 0;  // records, sessions, ...: for the trail of reads
};

// {"error": code, "message": for people}
HttpReply error_reply(int status, std::string_view code, std::string_view message);

}  // namespace chaperone::collector
