#pragma once
// The head of an HTTP/1.1 request (RFC 9112 3, 5), as far as the sidecar's own listener needs it.

#include <string_view>

namespace chaperone::admin {

struct HttpRequest {
  bool valid = false;             // otherwise the rest means nothing
  std::string_view method, path;  // without query; valid as long as `head`
  bool keeps = false;             // the connection stays open afterwards
  bool has_body = false;
};

// `head`: from the first byte up to the empty line, without it.
HttpRequest parse_http_request(std::string_view head);

}  // namespace chaperone::admin
