#include "sidecar/probe/probe.h"

#include <utility>

#include "proto-parsers/base/check.h"
#include "sidecar/net/loop.h"
#include "sidecar/probe/http_status.h"
#include "sidecar/probe/limits.h"

namespace chaperone::probe {

namespace {

// The agent's own listeners, and nothing that the pod's author could name instead.
constexpr const char* kLoopback = "127.0.0.1";

net::Address address_of(const Target& target) {
  auto address = net::Address::parse(kLoopback, target.port);
  CHECK(address.ok());
  return *address;
}

}  // namespace

Probe::Probe(net::Loop& loop, const Target& target, net::TlsClient& tls, OnDone on_done)
    : Swept(loop),
      target_(target),
      tls_(tls),
      on_done_(std::move(on_done)),
      deadline_ms_(loop.now_ms() + target.timeout_ms) {
  dialer_ = std::make_unique<net::Dialer>(
      loop, address_of(target), target.timeout_ms,
      [this](Result<net::StreamPtr> stream) { dialled(std::move(stream)); });
}

void Probe::dialled(Result<net::StreamPtr> stream) {
  if (!stream.ok()) return done(false);
  if (target_.kind == Kind::kTcp) return done(true);
  stream_ = std::move(stream).value();
  stream_->observe(this);
  if (target_.tls)
    stream_->start_tls_client(tls_, kLoopback);
  else
    ask();
}

void Probe::ask() {
  const std::string authority = std::string(kLoopback) + ":" + std::to_string(target_.port);
  stream_->write(as_bytes(target_.kind == Kind::kHttp ? target_.request
                                                      : grpc_request(authority, target_.service)));
}

void Probe::on_bytes(Bytes bytes) {
  read_bytes_ += bytes.size();
  if (read_bytes_ > kAnswerBytesMax) return done(false);
  if (target_.kind == Kind::kHttp) {
    answer_.append(as_text(bytes));
    if (auto good = http_success(answer_)) done(*good);
    return;
  }
  std::string reply;
  auto good = grpc_.feed(as_text(bytes), reply);
  if (good) return done(*good);
  if (!reply.empty()) stream_->write(as_bytes(reply));
}

void Probe::on_sweep(std::uint64_t now_ms) {
  if (now_ms >= deadline_ms_) done(false);
}

void Probe::done(bool good) {
  // The caller destroys this in it.
  if (auto tell = std::exchange(on_done_, nullptr)) tell(good);
}

}  // namespace chaperone::probe
