#include "sidecar/dns/tcp_client.h"

#include "proto-parsers/dns/limits.h"
#include "sidecar/dns/limits.h"

namespace chaperone::dns {

TcpClient::TcpClient(Server& server, net::StreamPtr stream)
    : net::Swept(server.loop_),
      server_(server),
      stream_(std::move(stream)),
      last_ms_(server.loop_.now_ms()) {}

bool TcpClient::is_full() const {
  return under_way_ >= kTcpPipelineMax || stream_->over_mark();
}

void TcpClient::on_bytes(Bytes bytes) {
  received_ += as_text(bytes);
  take_messages();
}

// What has come while the pipeline was full waits here; one read at most, since reading pauses.
void TcpClient::take_messages() {
  std::size_t at = 0;
  while (!is_full() && !stream_->closing()) {
    const Bytes rest = as_bytes(received_).subspan(at);
    if (rest.size() < 2) break;
    const std::size_t size = static_cast<std::size_t>(rest[0]) << 8 | rest[1];
    if (size < kHeaderBytes) return stream_->close();
    if (rest.size() < 2 + size) break;
    at += 2 + size;
    // Activity is a whole question: bytes alone would hold the place for ever.
    last_ms_ = server_.loop_.now_ms();
    ++under_way_;
    server_.resolver_.ask(rest.subspan(2, size), true,
                          [self = weak_from_this()](const std::string& message) {
                            if (auto client = self.lock()) client->reply(message);
                          });
  }
  received_.erase(0, at);
  is_full() ? stream_->pause() : stream_->resume();
  if (ended_ && under_way_ == 0) stream_->end();
}

// May be called from within take_messages(), while it looks at received_: it only counts.
void TcpClient::reply(const std::string& message) {
  --under_way_;
  if (!stream_ || stream_->closing()) return;
  const auto size = static_cast<std::uint16_t>(message.size());
  std::string framed = {static_cast<char>(size >> 8), static_cast<char>(size)};
  framed += message;
  stream_->write(as_bytes(framed));
  if (stream_->paused()) {
    server_.loop_.soon([self = weak_from_this()] {
      if (auto client = self.lock(); client && client->stream_) client->take_messages();
    });
  } else if (ended_ && under_way_ == 0) {
    stream_->end();
  }
}

void TcpClient::on_end() {
  ended_ = true;
  if (under_way_ == 0) stream_->end();
}

void TcpClient::on_drained() { take_messages(); }

void TcpClient::on_sweep(std::uint64_t now_ms) {
  if (stream_ && now_ms - last_ms_ > kTcpIdleMs) stream_->close();
}

void TcpClient::on_closed(const Error*) { server_.remove(*this); }

}  // namespace chaperone::dns
