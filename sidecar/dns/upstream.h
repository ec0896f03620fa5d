#pragma once
// Asks the operator's resolvers one question (resource): by UDP from a port and with an id that
// nobody can guess, each server in turn; by TCP where the answer did not fit.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "proto-parsers/dns/response.h"
#include "sidecar/net/datagram.h"
#include "sidecar/net/dialer.h"

namespace chaperone::dns {

class Asking final : private net::Swept, private net::StreamObserver {
 public:
  // Once, from the loop: what a server said, or that none did. It may destroy this.
  using OnAnswer = std::function<void(Result<Answer>)>;

  // REQUIRES: `servers` is not empty and outlives this.
  Asking(net::Loop& loop, const std::vector<net::Address>& servers, Question question,
         OnAnswer on_answer);
  Asking(const Asking&) = delete;
  Asking& operator=(const Asking&) = delete;

 private:
  void on_sweep(std::uint64_t now_ms) override;
  void on_bytes(Bytes bytes) override;
  void on_end() override {}
  void on_closed(const Error* why) override;

  void try_next();
  void received(Bytes message);
  void ask_by_tcp();
  void connected(Result<net::StreamPtr> dialled);
  bool take(Bytes message, bool by_tcp);
  void finish(Result<Answer> answer);
  const net::Address& server() const;

  net::Loop& loop_;
  const std::vector<net::Address>& servers_;
  Question question_;
  OnAnswer on_answer_;
  std::uint16_t id_ = 0;
  int tries_ = 0;
  std::uint64_t deadline_ms_ = 0;
  std::unique_ptr<net::Datagram> datagram_;
  std::unique_ptr<net::Dialer> dialer_;
  net::StreamPtr stream_;
  std::string received_;  // over TCP, up to one message
};

}  // namespace chaperone::dns
