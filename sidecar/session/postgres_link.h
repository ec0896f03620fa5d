#pragma once
// A way to a PostgreSQL server: dialled, and under TLS where the resource says so (SSLRequest,
// 55.2.10). Sessions, warm connections, catalogue loads and cancels all begin with one.

#include <functional>
#include <memory>
#include <string>

#include "sidecar/net/dialer.h"
#include "sidecar/net/stream.h"
#include "sidecar/policy/resource.h"

namespace chaperone::session {

struct Worker;

struct LinkFailure {
  std::string word;     // for records: "dial", "tls"
  std::string message;  // names the server and what to do
};

class PostgresLink final : private net::StreamObserver {
 public:
  // Called once: the stream (observed by nobody), or null and why. May destroy this.
  using Done = std::function<void(net::StreamPtr, const LinkFailure*)>;

  PostgresLink(Worker& worker, const policy::Resource& resource, const net::Address& address,
               Done done);
  ~PostgresLink();

 private:
  void dialled(Result<net::StreamPtr> stream);
  void on_bytes(Bytes bytes) override;
  void on_end() override;
  void on_secure() override;
  void on_closed(const Error* why) override;
  void fail(std::string word, std::string message);

  Worker& worker_;
  const policy::Resource resource_;
  const net::Address address_;
  Done done_;
  std::unique_ptr<net::Dialer> dialer_;
  net::StreamPtr stream_;
  bool answered_ = false;
};

}  // namespace chaperone::session
