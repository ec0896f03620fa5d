#pragma once
// One client over TCP (RFC 7766): messages with a length in front, several under way at a time.
// For Server alone.

#include <memory>
#include <string>

#include "sidecar/dns/server.h"

namespace chaperone::dns {

class TcpClient final : public net::StreamObserver,
                        public std::enable_shared_from_this<TcpClient>,
                        private net::Swept {
 public:
  TcpClient(Server& server, net::StreamPtr stream);
  void start() { stream_->observe(this); }

 private:
  void on_bytes(Bytes bytes) override;
  void on_end() override;
  void on_drained() override;
  void on_closed(const Error* why) override;
  void on_sweep(std::uint64_t now_ms) override;
  void take_messages();
  void reply(const std::string& message);
  bool is_full() const;

  Server& server_;
  net::StreamPtr stream_;
  std::string received_;
  std::size_t under_way_ = 0;
  std::uint64_t last_ms_;
  bool ended_ = false;
};

}  // namespace chaperone::dns
