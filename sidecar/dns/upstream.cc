#include "sidecar/dns/upstream.h"

#include <sys/random.h>

#include "proto-parsers/base/check.h"
#include "proto-parsers/dns/encode.h"
#include "proto-parsers/dns/limits.h"
#include "sidecar/dns/limits.h"

namespace chaperone::dns {

namespace {

std::uint16_t random_id() {
  std::uint16_t id = 0;
  CHECK(::getrandom(&id, sizeof id, 0) == sizeof id);
  return id;
}

std::string with_length(const std::string& message) {
  const auto size = static_cast<std::uint16_t>(message.size());
  std::string framed = {static_cast<char>(size >> 8), static_cast<char>(size)};
  return framed + message;
}

}  // namespace

Asking::Asking(net::Loop& loop, const std::vector<net::Address>& servers, Question question,
               OnAnswer on_answer)
    : net::Swept(loop),
      loop_(loop),
      servers_(servers),
      question_(std::move(question)),
      on_answer_(std::move(on_answer)) {
  try_next();
}

const net::Address& Asking::server() const {
  return servers_[static_cast<std::size_t>(tries_ - 1) % servers_.size()];
}

// What cannot be sent at once is tried again by the sweep: no answer may come from in here.
void Asking::try_next() {
  ++tries_;
  id_ = random_id();
  deadline_ms_ = loop_.now_ms() + kTryMs;
  auto opened = net::Datagram::connect(
      loop_, server(), [this](Bytes message, const net::Address&) { received(message); },
      [this](const Error&) { deadline_ms_ = 0; });
  if (!opened.ok()) {
    datagram_.reset();
    deadline_ms_ = 0;
    return;
  }
  datagram_ = std::move(opened).value();
  if (!datagram_->send(as_bytes(encode_query(id_, question_)))) deadline_ms_ = 0;
}

void Asking::on_sweep(std::uint64_t now_ms) {
  if (now_ms < deadline_ms_) return;
  if (dialer_ || stream_) return finish(Error{"no whole answer over TCP from " + server().to_string()});
  if (tries_ < kTriesMax) return try_next();
  finish(Error{"no resolver answered; the last one asked was " + server().to_string()});
}

// What does not read, or is not the answer to this question, is waited past: anyone can forge it.
void Asking::received(Bytes message) { take(message, false); }

bool Asking::take(Bytes message, bool by_tcp) {
  Response response;
  if (read_response(message, response)) return false;
  if (response.id != id_ || !(response.question == question_)) return false;
  if (response.truncated) {
    if (by_tcp) return false;
    ask_by_tcp();
    return true;
  }
  // A server in trouble is no answer as long as another may have one.
  const bool helpless = response.answer.rcode == Rcode::kServFail ||
                        response.answer.rcode == Rcode::kRefused;
  if (helpless && !by_tcp && tries_ < kTriesMax && servers_.size() > 1) {
    deadline_ms_ = 0;
    return true;
  }
  finish(std::move(response.answer));
  return true;
}

void Asking::ask_by_tcp() {
  deadline_ms_ = loop_.now_ms() + kTcpMs;
  dialer_ = std::make_unique<net::Dialer>(
      loop_, server(), kTcpMs, [this](Result<net::StreamPtr> dialled) { connected(std::move(dialled)); });
}

void Asking::connected(Result<net::StreamPtr> dialled) {
  if (!dialled.ok()) return finish(dialled.error());
  stream_ = std::move(dialled).value();
  stream_->observe(this);
  stream_->write(as_bytes(with_length(encode_query(id_, question_))));
}

void Asking::on_bytes(Bytes bytes) {
  received_ += as_text(bytes);
  if (received_.size() < 2) return;
  const Bytes all = as_bytes(received_);
  const std::size_t size = static_cast<std::size_t>(all[0]) << 8 | all[1];
  if (all.size() < 2 + size) return;
  if (!take(all.subspan(2, size), true)) {
    finish(Error{"an answer over TCP that does not read, from " + server().to_string()});
  }
}

void Asking::on_closed(const Error*) {
  finish(Error{"the connection to " + server().to_string() + " ended before its answer"});
}

// `on_answer` may destroy this: nothing of it is touched afterwards.
void Asking::finish(Result<Answer> answer) {
  if (!on_answer_) return;
  deadline_ms_ = UINT64_MAX;
  OnAnswer told = std::move(on_answer_);
  on_answer_ = nullptr;
  told(std::move(answer));
}

}  // namespace chaperone::dns
