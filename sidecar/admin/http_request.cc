#include "sidecar/admin/http_request.h"

#include "proto-parsers/base/ascii.h"

namespace chaperone::admin {

namespace {

std::string_view trimmed(std::string_view text) {
  std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::string_view take_line(std::string_view& rest) {
  std::size_t end = rest.find("\r\n");
  std::string_view line = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 2);
  return line;
}

bool read_request_line(std::string_view line, HttpRequest& request) {
  std::size_t first = line.find(' '), second = line.rfind(' ');
  if (first == std::string_view::npos || first == second) return false;
  std::string_view version = line.substr(second + 1);
  std::string_view target = line.substr(first + 1, second - first - 1);
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return false;
  if (target.empty() || target[0] != '/' || target.find(' ') != std::string_view::npos)
    return false;
  request.method = line.substr(0, first);
  request.path = target.substr(0, target.find('?'));
  request.keeps = version == "HTTP/1.1";
  return true;
}

}  // namespace

HttpRequest parse_http_request(std::string_view head) {
  HttpRequest request;
  if (!read_request_line(take_line(head), request)) return {};
  while (!head.empty()) {
    std::string_view line = take_line(head);
    std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) return {};
    std::string_view name = line.substr(0, colon), value = trimmed(line.substr(colon + 1));
    if (equal_ignoring_case(name, "transfer-encoding")) request.has_body = true;
    if (equal_ignoring_case(name, "content-length") && value != "0") request.has_body = true;
    if (equal_ignoring_case(name, "connection") && equal_ignoring_case(value, "close")) request.keeps = false;
  }
  request.valid = true;
  return request;
}

}  // namespace chaperone::admin
