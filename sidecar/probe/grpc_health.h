#pragma once
// grpc.health.v1.Health/Check over HTTP/2 without TLS (RFC 9113, 7541), one call on one connection:
// the request in bytes, and the little of the answer that tells whether the service serves.

#include <optional>
#include <string>
#include <string_view>

namespace chaperone::probe {

// Everything the client sends of itself. `service` is at most 255 bytes.
std::string grpc_request(std::string_view authority, std::string_view service);

// Fed with what the server sends, in any pieces.
class GrpcAnswer {
 public:
  // Once it is known: whether the status is SERVING. `out` grows by what the server must be told in
  // between (acknowledgements).
  std::optional<bool> feed(std::string_view bytes, std::string& out);

 private:
  std::optional<bool> take_frame(unsigned type, unsigned flags, std::string_view body,
                                 std::string& out);
  std::string input_, message_;
};

}  // namespace chaperone::probe
