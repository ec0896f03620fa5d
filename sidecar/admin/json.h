#pragma once
// The few things that this room does with JSON; RapidJSON stays behind it.

#include <string>
#include <string_view>

#include "proto-parsers/base/result.h"

namespace chaperone::admin {

struct AdminRequest {
  std::string command;
  std::string arguments;  // JSON text of an object
};
Result<AdminRequest> parse_admin_request(const std::string& line);
std::string admin_request(const std::string& command, const std::string& arguments);

// One line. `result` must be JSON text; where it is not, an error is sent in its place.
std::string admin_reply(const Result<std::string>& result);
// The reply's "result" as JSON text, or the error it carries.
Result<std::string> parse_admin_reply(const std::string& line);

}  // namespace chaperone::admin
