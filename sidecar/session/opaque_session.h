#pragma once
// Bytes that pass unread because a policy line says so: named by address and port, or by the name
// in a TLS ClientHello. Recorded as opaque, with counts, name and duration, so that what nobody
// read can at least be seen to have passed.

#include <memory>
#include <optional>
#include <string>

#include "sidecar/net/dialer.h"
#include "sidecar/net/stream.h"
#include "sidecar/session/destination.h"
#include "sidecar/session/session.h"
#include "sidecar/session/trail.h"

namespace chaperone::session {

struct Worker;

class OpaqueSession final : public Session, private net::StreamObserver, private net::Swept {
 public:
  // `resource` null: the target is named by no address; the ClientHello must name one by its SNI.
  OpaqueSession(Worker& worker, net::StreamPtr client, const policy::Resource* resource,
                Destination destination, std::optional<std::uint32_t> uid);
  ~OpaqueSession() override;
  void start();
  // From outside to a port that the operator opened (Destination: the pod's own): relayed to whoever
  // listens there on loopback, and recorded like the rest.
  void start_inbound();

  void on_policy(std::shared_ptr<const policy::Policy> policy) override;
  void drain() override {}  // nobody can tell whether it rests: it goes on to the deadline
  void kill(std::string_view word) override { end(word, "ended by the sidecar"); }
  SessionView view() const override;

 private:
  // The server's side of the relay.
  struct Upstream final : net::StreamObserver {
    explicit Upstream(OpaqueSession& of) : session(of) {}
    void on_bytes(Bytes bytes) override;
    void on_end() override;
    void on_drained() override;
    void on_closed(const Error* why) override;
    OpaqueSession& session;
  };

  void on_bytes(Bytes bytes) override;
  void on_end() override;
  void on_drained() override;
  void on_closed(const Error* why) override;
  void on_sweep(std::uint64_t now_ms) override;

  void hello_bytes(Bytes bytes);
  void dial();
  void dialled(Result<net::StreamPtr> stream);
  policy::Decision decide() const;
  void set_where();
  void deny(std::string_view word, const std::string& reason);  // by no rule
  void deny(std::string_view word, const policy::Decision& decision);
  void end(std::string_view word, std::string_view detail);

  Worker& worker_;
  std::shared_ptr<const policy::Policy> policy_;
  const policy::Resource* resource_;
  const Destination destination_;
  const net::Address& target_ = destination_.address;
  Upstream upstream_observer_{*this};
  net::StreamPtr client_, upstream_;
  std::unique_ptr<net::Dialer> dialer_;
  std::string held_;            // the ClientHello, until it is judged; then empty
  std::string name_;            // as the ClientHello says
  Trail trail_;
  Ruling ruling_;               // that let it pass, or did not
  std::uint64_t begun_ns_ = 0, accepted_ms_ = 0, active_ms_ = 0;
  std::uint64_t bytes_to_client_ = 0, bytes_from_client_ = 0;
  bool by_name_ = false, inbound_ = false;
  bool opened_record_ = false;
  bool client_done_ = false, upstream_done_ = false;
  bool ended_ = false;
};

}  // namespace chaperone::session
