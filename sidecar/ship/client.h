#pragma once
// Requests to the collector, one at a time over one connection that is kept as long as it lasts.

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sidecar/ship/connection.h"
#include "sidecar/ship/response.h"

namespace chaperone::ship {

struct Answer {
  Head head;
  std::string body;
};

class Client {
 public:
  Client(Place place, std::string ca_file, const Interrupt& interrupt)
      : place_(std::move(place)), ca_file_(std::move(ca_file)), interrupt_(interrupt) {}

  // Headers are name and value; Host, Authorization and Content-Length are added. The collector may
  // have taken the request even where this fails: what is sent must bear being sent again.
  Result<Answer> post(std::string_view path, std::string_view token,
                      const std::vector<std::pair<std::string_view, std::string>>& headers,
                      std::string_view body);
  void drop() { connection_.reset(); }

 private:
  Result<Answer> exchange(const std::string& head, std::string_view body);
  Result<Answer> receive();
  Place place_;
  std::string ca_file_;
  const Interrupt& interrupt_;
  std::unique_ptr<Connection> connection_;
};

}  // namespace chaperone::ship
