#include "sidecar/session/postgres_link.h"

#include "proto-parsers/postgres/startup.h"
#include "sidecar/session/worker.h"

namespace chaperone::session {

PostgresLink::PostgresLink(Worker& worker, const policy::Resource& resource,
                           const net::Address& address, Done done)
    : worker_(worker), resource_(resource), address_(address), done_(std::move(done)) {
  dialer_ = std::make_unique<net::Dialer>(
      worker_.loop, address_, worker_.shared.config.times.dial_ms,
      [this](Result<net::StreamPtr> stream) { dialled(std::move(stream)); });
}

PostgresLink::~PostgresLink() = default;

void PostgresLink::dialled(Result<net::StreamPtr> stream) {
  if (!stream.ok()) return fail("dial", stream.error().message);
  stream_ = std::move(stream).value();
  if (resource_.tls == policy::UpstreamTls::kOff) {
    Done done = std::move(done_);
    return done(std::move(stream_), nullptr);
  }
  stream_->observe(this);
  std::string request;
  pg::append_ssl_request(request);
  stream_->write(as_bytes(request));
}

// The answer is one byte, and nothing may stand behind it: what came before TLS is nobody's word.
void PostgresLink::on_bytes(Bytes bytes) {
  if (answered_ || bytes.size() != 1) {
    return fail("tls", address_.to_string() + " answered more than one byte to SSLRequest");
  }
  answered_ = true;
  if (bytes[0] != 'S') {
    return fail("tls", address_.to_string() + " does not offer TLS; turn it on there, or write "
                       "`tls: off` for resource \"" + resource_.name + "\"");
  }
  std::string name = resource_.tls_name;
  if (name.empty()) name = resource_.hosts.empty() ? address_.ip() : resource_.hosts.front();
  stream_->start_tls_client(worker_.tls_client(resource_), name);
}

void PostgresLink::on_secure() {
  stream_->observe(nullptr);
  Done done = std::move(done_);
  done(std::move(stream_), nullptr);
}

void PostgresLink::on_end() { fail("tls", address_.to_string() + " ended the connection"); }

void PostgresLink::on_closed(const Error* why) {
  fail("tls", why ? why->message : address_.to_string() + " closed the connection");
}

void PostgresLink::fail(std::string word, std::string message) {
  if (!done_) return;
  LinkFailure failure{std::move(word), std::move(message)};
  Done done = std::move(done_);
  done_ = nullptr;
  done(nullptr, &failure);
}

}  // namespace chaperone::session
